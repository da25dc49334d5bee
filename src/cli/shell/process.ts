import { endFirstProcessOnSignals } from '../../kernel/first-process.ts';
import { run } from '../run.ts';
import { Console } from './terminal/console.ts';
import { endOnFailure, readSurroundings } from './terminal/process-console.ts';

/** How long something that was left open may keep the process alive once its work is done. */
const EXIT_LIMIT_MS = 1_000;

/** Runs the program in this process, and ends it. */
export async function runProcess(): Promise<void> {
  const surroundings = readSurroundings();
  endOnFailure(new Console(surroundings));
  endFirstProcessOnSignals();
  const code = await run(surroundings);
  process.exitCode ??= code;
  endSoon();
}

/**
 * Ends the process, which ends by itself when nothing is left open. A connection that the other side does not close,
 * for example, would keep a program alive that has said why it cannot start, and nobody would start it again.
 */
export function endSoon(): void {
  setTimeout(() => {
    // What was written last may still be on its way.
    process.stdout.write('', () => process.stderr.write('', () => process.exit()));
  }, EXIT_LIMIT_MS).unref();
}
