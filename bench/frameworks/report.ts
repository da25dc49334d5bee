import { formatNumber, formatSummary } from '../lib/report/format-number.ts';
import type { Plot, PlotBar } from '../lib/report/plot.ts';
import { createVerdict, type Table } from '../lib/report/report.ts';
import { type Summary, summarise } from '../lib/report/statistics.ts';
import type { Figures, Results } from '../lib/routes.ts';
import { type Contender, EMPTY_GUARD } from './sections.ts';

const AIM = 0.95;
/** Compared with a guard that lets everything pass: we cannot save what the framework takes for any guard. */
const AIM_OF_EMPTY = 0.97;

/** The results of a section. */
export interface Measured {
  readonly title: string;
  readonly contenders: readonly Omit<Contender, 'stop' | 'readCpu'>[];
  readonly results: Results;
  readonly notes: readonly string[];
}

export function createTable({ title, contenders, results, notes }: Measured): Table {
  const rows = contenders.map(({ name, role, base, own }) => {
    const figures = results.get(name) ?? [];
    return [
      name,
      formatSummary(summarise(figures.map(readRate))),
      formatNumber(summarise(figures.map(({ cpu }) => cpu)).median),
      role === 'bare' ? '1' : formatSummary(compareRates(results, name, base), 2),
      role === 'bare' ? '1' : compareCpu(results, name, base).toFixed(2),
      own === undefined ? '' : formatSummary(compareRates(results, own, name), 2),
    ];
  });
  return {
    title,
    columns: ['route', 'requests/s', 'server CPU µs', '× bare', '× bare by CPU', 'latchkey × this'],
    rows,
    notes: [...createVerdicts(contenders, results), ...notes],
  };
}

function createVerdicts(contenders: Measured['contenders'], results: Results): string[] {
  const own = contenders.filter(({ role }) => role === 'own');
  const least = Math.min(...own.map(({ name, base }) => compareRates(results, name, base).median));
  const byCpu = Math.min(...own.map(({ name, base }) => compareCpu(results, name, base)));
  const found = `${least.toFixed(2)} ${own.length > 1 ? 'at least ' : ''}(by CPU ${byCpu.toFixed(2)})`;
  return [
    createVerdict(`${AIM} of the bare route`, found, least >= AIM),
    ...createEmptyVerdict(contenders, results),
  ];
}

/** Compares with the empty guard, if one was measured on the same base. */
function createEmptyVerdict(contenders: Measured['contenders'], results: Results): string[] {
  const empty = contenders.find(({ name }) => name.startsWith(EMPTY_GUARD));
  const own = contenders.find(({ role, base }) => role === 'own' && base === empty?.base);
  if (empty === undefined || own === undefined) return [];
  const byCpu = compareCpu(results, own.name, empty.name);
  const aim = `${AIM_OF_EMPTY} of a guard that only passes, by CPU`;
  return [createVerdict(aim, byCpu.toFixed(2), byCpu >= AIM_OF_EMPTY)];
}

export function createPlot(measured: readonly Measured[]): Plot {
  return {
    name: 'frameworks',
    title: 'A protected route, with tokens signed by HS256 (by ES256 in cookies)',
    unit: 'requests/s',
    groups: measured.map(({ title, contenders, results }) => ({
      label: title,
      bars: contenders
        .filter(({ drawn }) => drawn)
        .map(({ name, role }) => createBar(name, role === 'own', results.get(name) ?? [])),
    })),
  };
}

function createBar(name: string, own: boolean, figures: readonly Figures[]): PlotBar {
  const { median, min, max } = summarise(figures.map(readRate));
  return { label: name.replace(/, (?:HS|ES)256$/, ''), value: median, low: min, high: max, own };
}

function compareRates(results: Results, name: string, base: string): Summary {
  return summarise(results.compare(name, base, readRate));
}

function compareCpu(results: Results, name: string, base: string): number {
  return summarise(results.compare(name, base, ({ cpu }) => 1 / cpu)).median;
}

function readRate({ rate }: Figures): number {
  return rate;
}
