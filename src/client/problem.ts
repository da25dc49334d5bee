/** What is wrong with one member of the input. */
export interface FieldProblem {
  /** The member's name, or `''` for the input as a whole. */
  readonly field: string;
  /** A sentence for a person. */
  readonly detail: string;
  /** Stable and meant for programs, such as `password_common`. Not all have one. */
  readonly code?: string;
}

/**
 * A refusal of a Latchkey server, read from its response.
 * @see RFC 9457
 */
export class ResponseProblem extends Error {
  override readonly name = 'ResponseProblem';
  /** The HTTP status, from 400 to 599. */
  readonly status: number;
  /** Stable and meant for programs: `invalid_credentials`, `token_expired`. `unknown` if the response has no code. */
  readonly code: string;
  /** Seconds after which the same request may succeed; undefined if the server does not say. */
  readonly retryAfter: number | undefined;
  /** What is wrong with the members of the input. Empty if the input is not the problem. */
  readonly errors: readonly FieldProblem[];

  constructor(
    status: number,
    code: string,
    detail: string,
    more: {
      readonly retryAfter?: number | undefined;
      readonly errors?: readonly FieldProblem[];
    } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.retryAfter = more.retryAfter;
    this.errors = more.errors ?? [];
  }
}

/**
 * Reads what went wrong from a response. It never rejects: if the body cannot be read, or comes from a proxy in front of
 * the server, the problem has the code `unknown`.
 *
 * ```ts
 * const response = await fetch('/auth/login', { method: 'POST', body: new URLSearchParams({ username, password }) });
 * const problem = await readProblem(response);
 * if (problem !== undefined) show(problem.message);
 * ```
 * @returns undefined if the response is a success or a redirect, whose body is left unread
 */
export async function readProblem(response: Response): Promise<ResponseProblem | undefined> {
  if (response.status < 400) return undefined;
  const body = await readObject(response);
  const oauth = { code: body['error'], detail: body['error_description'] };
  const code = findText(body['code']) ?? findText(oauth.code) ?? 'unknown';
  const detail =
    findText(body['detail']) ??
    findText(oauth.detail) ??
    `The server answered ${response.status}. Try again later.`;
  const errors = Array.isArray(body['errors']) ? body['errors'].filter(isFieldProblem) : [];
  return new ResponseProblem(response.status, code, detail, {
    retryAfter: readRetryAfter(response.headers.get('retry-after')),
    errors: errors.map(({ field, detail: text, code: rule }) => ({
      field,
      detail: text,
      ...(typeof rule === 'string' ? { code: rule } : {}),
    })),
  });
}

async function readObject(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = await response.json();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function findText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isFieldProblem(value: unknown): value is FieldProblem {
  const { field, detail } = Object(value) as Partial<FieldProblem>;
  return typeof field === 'string' && typeof detail === 'string';
}

/** Reads seconds. Latchkey sends no dates, and one from a proxy is ignored. @see RFC 9110 section 10.2.3 */
function readRetryAfter(value: string | null): number | undefined {
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}
