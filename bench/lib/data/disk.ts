import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Summary, summarise } from '../report/statistics.ts';

/** Measures how many ms it takes to append 4 KiB to a file and sync it to this disk. */
export function measureSync(folder: string, times: number): Summary {
  const file = openSync(join(folder, 'sync'), 'a');
  const page = Buffer.alloc(4096, 1);
  const durations: number[] = [];
  for (let each = 0; each < times; each++) {
    const began = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    durations.push(performance.now() - began);
  }
  closeSync(file);
  return summarise(durations);
}
