import type { Console } from './console.ts';

const BAR_WIDTH = 30;
/** Without a terminal, a line each time that this much more is done. */
const LINE_PERCENT = 25;

/**
 * Shows the progress of a task: a bar at a terminal, otherwise four lines.
 * @param what is counted
 */
export function createProgress(
  console: Console,
  what = 'rows',
): (done: number, total: number) => void {
  let shown = -1;
  return (done, total) => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    const step = console.isInteractive
      ? percent
      : Math.floor(percent / LINE_PERCENT) * LINE_PERCENT;
    if (step === shown || (step === 0 && !console.isInteractive)) return;
    shown = step;
    if (!console.isInteractive) {
      console.note(`${step} % (${done} of ${total} ${what})`);
      return;
    }
    const filled = Math.round((BAR_WIDTH * percent) / 100);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    console.ask(`\r${bar} ${String(percent).padStart(3)} %${percent === 100 ? '\n' : ''}`);
  };
}
