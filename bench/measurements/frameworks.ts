/** What the guard costs a route in each framework, beside a bare route and the usual alternatives. */
import { createPlot, createTable, type Measured } from '../frameworks/report.ts';
import {
  type Contender,
  createCookieSection,
  createFrameworkSection,
  createPythonSection,
  createSigned,
  type Section,
} from '../frameworks/sections.ts';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { formatNumber } from '../lib/report/format-number.ts';
import { showProgress, type Table } from '../lib/report/report.ts';
import { describeBusyness, measureRoute, Results, trafficNote } from '../lib/routes.ts';
import type { Load, LoadResult } from '../load/load.ts';
import { findPython } from '../servers/fastapi-server.ts';

type Client = Child<Load, LoadResult>;

interface Effort {
  /** Two processes of the same program differ a little as long as they live, so each set has new ones. */
  readonly sets: number;
  readonly rounds: number;
  /** How long one route is measured in one round. */
  readonly milliseconds: number;
  /** Requests after which V8 has compiled all hot code of a server, found by experiment. */
  readonly warmUp: number;
  /** When the warm-up of a slow server ends anyway. */
  readonly warmUpLimitMs: number;
  readonly users: number;
}

const whole: Effort = {
  sets: 2,
  rounds: 4,
  milliseconds: 300,
  warmUp: 40_000,
  warmUpLimitMs: 2000,
  users: 1000,
};
const quick: Effort = {
  sets: 1,
  rounds: 2,
  milliseconds: 100,
  warmUp: 5000,
  warmUpLimitMs: 300,
  users: 100,
};

const absentPython: Table = {
  title: 'Beside FastAPI on uvicorn',
  columns: ['route', 'requests/s'],
  rows: [['FastAPI, PyJWT, HS256', 'not installed']],
  notes: [],
};

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
    const client: Client = startChild(new URL('../load/client.ts', import.meta.url));
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
    const tables = measured.map(createTable);
    if (python === undefined) tables.push(absentPython);
    return finish(tables, measured, effort);
  },
};

async function measureSection(
  section: Section,
  client: Client,
  effort: Effort,
  notes: readonly string[],
): Promise<Measured> {
  const { sets, rounds, milliseconds } = effort;
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
      for (const contender of processes.values()) await warm(client, contender, effort);
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

/** Counts requests and not time, so that a server that is slow at the moment is not measured cold. */
async function warm(
  client: Client,
  contender: Contender,
  { warmUp, warmUpLimitMs }: Effort,
): Promise<void> {
  const step = warmUpLimitMs / 8;
  let answered = 0;
  for (let spent = 0; answered < warmUp && spent < warmUpLimitMs; spent += step) {
    const { rate } = await measureRoute(client, contender, step);
    answered += (rate * step) / 1000;
  }
}

/** Adds the picture above the first table, and the common notes below the last. */
function finish(
  tables: readonly Table[],
  measured: readonly Measured[],
  { sets, rounds, milliseconds, users }: Effort,
): Table[] {
  const figures = measured.flatMap(({ results }) => [...results.values()].flat());
  const notes = [
    `Of all tables: medians of ${sets * rounds} rounds of ${milliseconds} ms of all routes of a table in turn (least–greatest), over ${sets} sets of processes; ratios are taken within a round.`,
    `${formatNumber(users)} users are signed in, each with a token of its own; ${trafficNote}; the same requests, token and all, go to all routes of one algorithm.`,
    '“bare again” is a second bare process: how far its ratio is from 1 is the error of the measurement.',
    describeBusyness(figures),
  ];
  return tables.map((table, index) => ({
    ...table,
    ...(index === 0 ? { plots: [createPlot(measured)] } : {}),
    notes: index === tables.length - 1 ? [...table.notes, ...notes] : table.notes,
  }));
}
