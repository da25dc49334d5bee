import { durationBetween } from '../config/duration.ts';
import { InvalidSetting, StoreUnavailable } from '../kernel/errors.ts';
import { StepWatch } from '../kernel/timing/step-watch.ts';
import type { LatchkeyOptions } from './options.ts';

const parseTimeout = durationBetween('1s', '1d');

/**
 * Watches a start: reports what it waits for, and gives up after `startTimeout`.
 * @throws {InvalidSetting}
 */
export function createStartWatch({
  startTimeout = '10m',
  onWait = printToStandardError,
}: Pick<LatchkeyOptions, 'startTimeout' | 'onWait'>): StepWatch {
  const seconds = parseTimeout(String(startTimeout), (problem, fix) => {
    throw new InvalidSetting('startTimeout', problem, fix);
  });
  return new StepWatch({
    report: onWait,
    limitMs: seconds * 1000,
    toError: (text) => new StoreUnavailable(text, { retryAfter: 10 }),
  });
}

/** Shows the person who starts a program why nothing happens. */
function printToStandardError(text: string): void {
  console.error(text);
}
