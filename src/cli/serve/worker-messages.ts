import type { ServePlan } from './serve-plan.ts';

/** What the supervisor tells a worker. */
export type Order =
  | { readonly serve: ServePlan }
  /** Keep serving for `drainMs`, while `/readyz` answers 503, and then stop. */
  | { readonly stop: { readonly drainMs: number } };

/** What a worker tells the supervisor. */
export type Report =
  | { readonly listening: true }
  /** It cannot serve: the error message of the program, and its exit code. */
  | { readonly failure: { readonly message: string; readonly code: number } };
