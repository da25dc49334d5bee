/** The fast paths of the guard beside the plain code that each replaces. */

import type { ContenderAnswer, ContenderQuestion } from '../fast-paths/contender-process.ts';
import type { ContenderName } from '../fast-paths/contenders.ts';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { formatNumber, formatSummary } from '../lib/report/format-number.ts';
import { showProgress } from '../lib/report/report.ts';
import { summarise } from '../lib/report/statistics.ts';

type ContenderProcess = Child<ContenderQuestion, ContenderAnswer>;

const pairs: readonly (readonly [fast: ContenderName, plain: ContenderName])[] = [
  ['HMAC, src/fast', 'HMAC, node:crypto'],
  ['a million ids, src/collections', 'a million ids, Map'],
];

export const fastPaths: Bench = {
  name: 'fast-paths',
  summary: 'the fast paths of the guard beside the plain code that they replace',
  async run({ quick }) {
    const { rounds, milliseconds } = quick
      ? { rounds: 3, milliseconds: 30 }
      : { rounds: 30, milliseconds: 60 };
    const rows: string[][] = [];
    for (const [fast, plain] of pairs) {
      const figures = await measurePair([fast, plain], rounds, milliseconds);
      const [ofFast = [], ofPlain = []] = figures;
      const ratios = ofPlain.map(({ cpu }, round) => cpu / (ofFast[round]?.cpu ?? Number.NaN));
      rows.push(
        [fast, ...formatFigures(ofFast), '1'],
        [plain, ...formatFigures(ofPlain), formatSummary(summarise(ratios), 2)],
      );
    }
    return [
      {
        title: 'Fast paths',
        columns: ['code', 'CPU µs', 'bytes per entry', 'slowest addition, ms', '× the fast one'],
        rows,
        notes: [
          'HMAC: the code of a text of 400 characters. Ids: a look for one that is not there, each a new text.',
          `Medians of ${rounds} rounds in turn (least–greatest), ${milliseconds} ms of CPU time each; ratios are taken within a round. Each has a process of its own.`,
          'The slowest addition is of 100 ids together, while a million were added.',
        ],
      },
    ];
  },
};

async function measurePair(
  names: readonly ContenderName[],
  rounds: number,
  milliseconds: number,
): Promise<ContenderAnswer[][]> {
  showProgress(`fast-paths: ${names.join(' and ')}`);
  const processes: ContenderProcess[] = [];
  try {
    for (const name of names) {
      const process: ContenderProcess = startChild(
        new URL('../fast-paths/contender-process.ts', import.meta.url),
      );
      processes.push(process);
      await process.ask({ start: name });
    }
    const figures: ContenderAnswer[][] = processes.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [at, process] of processes.entries()) {
        figures[at]?.push(await process.ask({ milliseconds }));
      }
    }
    return figures;
  } finally {
    for (const process of processes) process.stop();
  }
}

function formatFigures(figures: readonly ContenderAnswer[]): string[] {
  const [{ bytesPerEntry, slowestAddMs } = {}] = figures;
  return [
    formatSummary(summarise(figures.map(({ cpu }) => cpu)), 3),
    bytesPerEntry === undefined ? '' : formatNumber(bytesPerEntry),
    slowestAddMs === undefined ? '' : formatNumber(slowestAddMs),
  ];
}
