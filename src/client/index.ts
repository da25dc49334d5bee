/**
 * `@latchkey/client`: for programs that call a Latchkey server, in a browser or wherever `fetch` is.
 *
 * - {@link readProblem}: what a response says went wrong.
 */

export { type FieldProblem, ResponseProblem, readProblem } from './problem.ts';
