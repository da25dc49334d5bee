/** Prints a line on standard error, for the person who runs the process. Never pass a secret. */
export function printProblem(text: string): void {
  console.error(text);
}
