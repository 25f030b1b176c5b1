import { useEffect, useState } from 'react';
import type { FlowRun } from '../core/runs';
import { EMPTY_SCHEMA, type ParameterSchema } from '../core/schema';
import { call } from '../net/api';

/** The parameters of the version that a flow run executes; null until they have been read. */
export function useVersionSchema({ flow, version }: FlowRun): ParameterSchema | null {
  const [schema, setSchema] = useState<ParameterSchema | null>(null);
  useEffect(() => {
    call<{ parameter_schema: ParameterSchema | null }>('GET', `flows/${flow}/versions/${version}/`)
      .then((found) => setSchema(found.parameter_schema ?? EMPTY_SCHEMA))
      .catch(() => setSchema(EMPTY_SCHEMA));
  }, [flow, version]);
  return schema;
}
