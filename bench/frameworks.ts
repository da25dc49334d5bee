/** What the guard takes from a route in each framework, beside a bare route and what is used otherwise. */
import { createPlot, createTable, type Measured } from './frameworks/report.ts';
import {
  type Contender,
  createCookieSection,
  createFrameworkSection,
  createPythonSection,
  createSigned,
  type Section,
} from './frameworks/sections.ts';
import type { Bench } from './lib/bench.ts';
import { startChild } from './lib/child.ts';
import { formatNumber, showProgress, type Table } from './lib/report.ts';
import { describeBusyness, measureRoute, Results, trafficNote } from './lib/routes.ts';
import type { Load, LoadResult } from './load/load.ts';
import { findPython } from './servers/fastapi.ts';

interface Effort {
  /** Processes of the same program differ a little for all their life, so each set has new ones. */
  readonly sets: number;
  readonly rounds: number;
  /** ms of one route in one round. */
  readonly milliseconds: number;
  /** ms of each process before the first round. */
  readonly warmUp: number;
  readonly users: number;
}

const whole: Effort = { sets: 2, rounds: 4, milliseconds: 300, warmUp: 1000, users: 1000 };
const quick: Effort = { sets: 1, rounds: 2, milliseconds: 150, warmUp: 250, users: 100 };

export const frameworks: Bench = {
  name: 'frameworks',
  summary: 'a route behind the guard in Fastify, Hono and Express, bare, and behind others',
  async run(options) {
    const effort = options.quick ? quick : whole;
    showProgress('frameworks: signing users in');
    const signed = await createSigned(effort.users);
    const [shared, own] = [signed.get('HS256'), signed.get('ES256')];
    if (shared === undefined || own === undefined) throw new Error('Algorithms are missing.');
    const python = findPython();
    const client = startChild<Load, LoadResult>(new URL('./load/client.ts', import.meta.url));
    const measure = (section: Section, notes: readonly string[]) =>
      measureSection(section, client, effort, notes);
    const measured: Measured[] = [];
    try {
      for (const [title, framework] of [
        ['Fastify', 'fastify'],
        ['Hono', 'hono'],
        ['Express', 'express'],
      ] as const) {
        measured.push(await measure(createFrameworkSection(title, framework, signed), []));
      }
      measured.push(await measure(createCookieSection(own), []));
      if (python !== undefined) {
        measured.push(await measure(createPythonSection(shared, python), [`${python.versions}.`]));
      }
    } finally {
      client.stop();
    }
    return createTables(measured, effort);
  },
};

async function measureSection(
  section: Section,
  client: Parameters<typeof measureRoute>[0],
  { sets, rounds, milliseconds, warmUp }: Effort,
  notes: readonly string[],
): Promise<Measured> {
  const results = new Results();
  let contenders: readonly Contender[] = [];
  for (let set = 1; set <= sets; set++) {
    const progress = (what: string) =>
      showProgress(`frameworks: ${section.title}, set ${set} of ${sets}, ${what}`);
    progress('starting the servers');
    contenders = await section.start();
    try {
      progress('warming up');
      const processes = new Map(contenders.map((contender) => [contender.port, contender]));
      for (const contender of processes.values()) await measureRoute(client, contender, warmUp);
      for (let round = 1; round <= rounds; round++) {
        progress(`round ${round} of ${rounds}`);
        for (const contender of contenders) {
          results.add(contender.name, await measureRoute(client, contender, milliseconds));
        }
      }
    } finally {
      for (const contender of contenders) contender.stop();
    }
  }
  return { title: section.title, contenders, results, notes };
}

function createTables(measured: readonly Measured[], effort: Effort): Table[] {
  const { sets, rounds, milliseconds, users } = effort;
  const tables = measured.map(createTable);
  const [first, ...others] = tables;
  const last = others.pop();
  if (first === undefined || last === undefined) return tables;
  const figures = measured.flatMap(({ results }) => [...results.values()].flat());
  const isPythonThere = measured.length > 4;
  const notes = [
    ...(isPythonThere ? [] : ['FastAPI, uvicorn and PyJWT: not installed here.']),
    `Of all tables: medians of ${sets * rounds} rounds of ${milliseconds} ms of all routes of a table in turn (least–greatest), over ${sets} sets of processes; ratios are taken within a round.`,
    `${formatNumber(users)} users are signed in, each with a token of its own; ${trafficNote}; the same requests, token and all, go to all routes of one algorithm.`,
    '“bare again” is a second bare process: how far its ratio is from 1 is the error of the measurement.',
    describeBusyness(figures),
  ];
  return [
    { ...first, plots: [createPlot(measured)] },
    ...others,
    { ...last, notes: [...last.notes, ...notes] },
  ];
}
