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
import { type Child, startChild } from './lib/child.ts';
import { formatNumber, showProgress, type Table } from './lib/report.ts';
import { describeBusyness, measureRoute, Results, trafficNote } from './lib/routes.ts';
import type { Load, LoadResult } from './load/load.ts';
import { findPython } from './servers/fastapi.ts';

type Client = Child<Load, LoadResult>;

interface Effort {
  /** Processes of the same program differ a little for all their life, so each set has new ones. */
  readonly sets: number;
  readonly rounds: number;
  /** ms of one route in one round. */
  readonly milliseconds: number;
  /** How many a process has answered until the compiler is done with it, found by looking. */
  readonly warmUp: number;
  /** ms after which that must do. */
  readonly patience: number;
  readonly users: number;
}

const whole: Effort = {
  sets: 2,
  rounds: 4,
  milliseconds: 300,
  warmUp: 40_000,
  patience: 2000,
  users: 1000,
};
const quick: Effort = {
  sets: 1,
  rounds: 2,
  milliseconds: 100,
  warmUp: 5000,
  patience: 300,
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
    const client: Client = startChild(new URL('./load/client.ts', import.meta.url));
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

/** By requests and not by time: one that is slow for now must not be measured cold. */
async function warm(
  client: Client,
  contender: Contender,
  { warmUp, patience }: Effort,
): Promise<void> {
  const step = patience / 8;
  let answered = 0;
  for (let spent = 0; answered < warmUp && spent < patience; spent += step) {
    const { rate } = await measureRoute(client, contender, step);
    answered += (rate * step) / 1000;
  }
}

/** Puts the picture above the first, and below the last what holds for all. */
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
