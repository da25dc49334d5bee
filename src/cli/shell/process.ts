import { endFirstProcessOnSignals } from '../../kernel/process/first-process.ts';
import { run } from '../run.ts';
import { endSoon } from './end-soon.ts';
import { Console } from './terminal/console.ts';
import { endOnFailure, readSurroundings } from './terminal/process-console.ts';

/** Runs the program in this process, and ends it. */
export async function runProcess(): Promise<void> {
  const surroundings = readSurroundings();
  endOnFailure(new Console(surroundings));
  endFirstProcessOnSignals();
  const code = await run(surroundings);
  process.exitCode ??= code;
  endSoon();
}
