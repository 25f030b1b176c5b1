/** Calls to the REST API of this site. Every refusal is an `ApiProblem` with the server's own sentence. */

export interface Problem {
  code: string;
  message: string;
  task: string | null;
  field: string | null;
  edge: { upstream: string; downstream: string } | null;
}

/** The server refused: `message` is its sentence, `errors` the places. */
export class ApiProblem extends Error {
  constructor(
    readonly httpStatus: number,
    readonly code: string,
    message: string,
    readonly errors: Problem[],
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** The server could not be reached, or it broke; trying again later may work. */
export class Unreachable extends Error {}

const csrfToken = (): string => /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? '';

/** Send a request to `/api/v1/` and give the JSON of the answer. */
export async function call<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`/api/v1/${path}`, {
    method,
    credentials: 'same-origin',
    headers: {
      Accept: 'application/json',
      ...(body !== undefined && { 'Content-Type': 'application/json', 'X-CSRFToken': csrfToken() }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error: Error) => {
    throw new Unreachable(`The server cannot be reached (${error.message}).`);
  });
  const content = (await answer.json().catch(() => null)) as Record<string, unknown> | null;
  if (answer.ok && content !== null) return content as T;
  if (answer.status >= 500 || content === null) {
    throw new Unreachable(`The server answered with an error (${answer.status}).`);
  }
  const { code, message, errors } = content;
  throw new ApiProblem(
    answer.status,
    String(code ?? 'refused'),
    String(message ?? 'The server refused.'),
    Array.isArray(errors) ? errors : [],
    content,
  );
}

/** `project/name` as a part of an address. */
export const flowPath = (flow: { project: string; name: string }): string =>
  `${encodeURIComponent(flow.project)}/${encodeURIComponent(flow.name)}`;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
