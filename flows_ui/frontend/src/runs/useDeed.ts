/** Something that a person does to the run: a call, its answer shown at once, what the server refused in words. */
import { useState } from 'react';
import { ApiProblem, messageOf, type Problem } from '../net/api';
import { act, useRunStore } from './store';

export interface Deed {
  isBusy: boolean;
  failure: string;
  errors: Problem[];
  /** Post to an address that answers with this flow run; true if the server did it. */
  act: (path: string, body: unknown) => Promise<boolean>;
}

export function useDeed(): Deed {
  const store = useRunStore();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const [errors, setErrors] = useState<Problem[]>([]);
  const perform = async (path: string, body: unknown) => {
    setBusy(true);
    try {
      await act(store, path, body);
      setFailure('');
      return true;
    } catch (error) {
      setErrors(error instanceof ApiProblem ? error.errors : []);
      setFailure(messageOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, failure, errors, act: perform };
}
