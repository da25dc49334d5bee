import type { TestRequest } from '../../support/server.ts';

/**
 * One request of an original system, what that answers, and what the example answers. From these
 * docs/porting.md has its tables, and the tests of the examples send them.
 *
 * In requests, `$name` stands for a value that an earlier answer had under that name, in its body or as
 * a cookie. In answers, `<…>` stands for any value.
 */
export interface Exchange {
  /** `POST /login` */
  readonly route: string;
  /** What the request is about, where the route does not say it. */
  readonly about?: string;
  readonly send?: Pick<TestRequest, 'form' | 'json' | 'token' | 'cookies' | 'headers'>;
  /** Absent where it is not known what the original answers. */
  readonly original?: Reply;
  /** Where it differs from the original's, or that is not known. */
  readonly ours?: Reply;
  /** Why it differs. Where only the error form does, the page says why once for all. */
  readonly why?: string;
}

export interface Reply {
  /** Absent where the original's is not known. */
  readonly status?: number;
  /** Exactly the members of a success. Absent for errors, and where the body does not matter. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The sentence of an error. */
  readonly detail?: string;
  /** The code of an error of ours. */
  readonly code?: string;
  /** Which cookies the answer sets, and which it clears. */
  readonly sets?: readonly string[];
  readonly clears?: readonly string[];
}

/** An error of ours: a problem document. */
export function problem(status: number, code: string, detail: string): Reply {
  return { status, code, detail };
}

/** What an original of that framework answers to input that its schema refuses. */
export const INPUT_REFUSED: Reply = { status: 422 };
export const NOT_422 = 'Bad input is 400 on every route; 422 adds no information.';
