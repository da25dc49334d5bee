import type { ServePlan } from './serve-plan.ts';

/** What the supervisor tells a worker. */
export type Order =
  | { readonly serve: ServePlan }
  /** ms to go on serving, while `/readyz` says otherwise. */
  | { readonly stop: { readonly drain: number } };

/** What a worker tells the supervisor. */
export type Report =
  | { readonly listening: true }
  /** It cannot serve, and says why: in the words of the program, with its exit code. */
  | { readonly failure: { readonly message: string; readonly code: number } };
