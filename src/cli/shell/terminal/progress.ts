import type { Console } from './console.ts';

const width = 30;

/** Shows how far something has come: a bar at a terminal, otherwise a line now and then. */
export function createProgress(console: Console): (done: number, total: number) => void {
  let shown = -1;
  return (done, total) => {
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    // A file or a log takes four lines, and not a hundred.
    const step = console.isInteractive ? percent : Math.floor(percent / 25) * 25;
    if (step === shown || (step === 0 && !console.isInteractive)) return;
    shown = step;
    if (!console.isInteractive) {
      console.note(`${step} % (${done} of ${total} rows)`);
      return;
    }
    const filled = Math.round((width * percent) / 100);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    console.ask(`\r${bar} ${String(percent).padStart(3)} %${percent === 100 ? '\n' : ''}`);
  };
}
