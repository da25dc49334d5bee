/**
 * `@latchkey/client`: for programs that call a Latchkey server, in a browser or wherever there is `fetch`.
 *
 * - {@link readProblem} reads what went wrong from a response.
 */

export { type FieldProblem, ResponseProblem, readProblem } from './problem.ts';
