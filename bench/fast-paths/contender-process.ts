/** A process in which one contender runs. */
import { answerParent } from '../lib/child.ts';
import { type Contender, type ContenderName, createContender } from './contenders.ts';

export type ContenderQuestion =
  | { readonly start: ContenderName }
  /** Runs for this much CPU time. */
  | { readonly milliseconds: number };

export interface ContenderAnswer extends Pick<Contender, 'bytesPerEntry' | 'slowestAddMs'> {
  /** µs of CPU time for each operation. */
  readonly cpu: number;
}

const BATCH = 20_000;
let contender: Contender | undefined;

answerParent<ContenderQuestion>(async (question): Promise<ContenderAnswer> => {
  if ('start' in question) contender = createContender(question.start);
  if (contender === undefined) throw new Error('It was not started.');
  const { prepare, bytesPerEntry, slowestAddMs } = contender;
  const milliseconds = 'start' in question ? 200 : question.milliseconds;
  let done = 0;
  let used = 0;
  while (used < milliseconds * 1000) {
    const run = prepare(BATCH);
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    used += user + system;
    done += BATCH;
  }
  return {
    cpu: used / done,
    ...(bytesPerEntry === undefined ? {} : { bytesPerEntry }),
    ...(slowestAddMs === undefined ? {} : { slowestAddMs }),
  };
});
