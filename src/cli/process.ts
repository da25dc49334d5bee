import { Console } from './console.ts';
import { endOnFailure, readSurroundings } from './process-console.ts';
import { run } from './run.ts';

/** Runs the program in this process. It ends by itself when nothing is left to do. */
export async function runProcess(): Promise<void> {
  const surroundings = readSurroundings();
  endOnFailure(new Console(surroundings));
  const code = await run(surroundings);
  process.exitCode ??= code;
}
