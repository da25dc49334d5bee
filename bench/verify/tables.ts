/** The figures of `verify`, as tables and pictures. */

import { formatNumber, formatSummary } from '../lib/report/format-number.ts';
import type { Plot } from '../lib/report/plot.ts';
import { createVerdict, type Table } from '../lib/report/report.ts';
import { type Summary, summarise } from '../lib/report/statistics.ts';
import type { ContenderName } from './contenders.ts';
import { type Algorithm, algorithms } from './tokens.ts';
import type { VerifierAnswer } from './verifier-process.ts';

export const SEEN_TOKENS = 10_000;
export const NEW_TOKENS = 4000;

const RAW = 'node:crypto';
const GUARD = 'guard.verify()';
const UNCACHED = 'guard.verify(), no cache';
const REMEMBERING = 'guard.verify(), remembering';
const NONE_REVOKED = 'guard, nothing revoked';
const MANY_REVOKED = 'guard, a million revoked';
const EVER_MORE_REVOKED = 'guard, a million, and more';
const FAST_JWT_CACHED = 'fast-jwt with its cache';

/** Round by round. */
export type Figures = Map<ContenderName, VerifierAnswer[]>;
type Results = Map<Algorithm, Figures>;

export interface Extent {
  readonly sets: number;
  readonly rounds: number;
  readonly milliseconds: number;
}

export function createSeenTable(results: Results, extent: Extent): Table {
  const rows: string[][] = [];
  for (const [algorithm, figures] of results) {
    for (const name of figures.keys()) {
      const isPeer = name === FAST_JWT_CACHED;
      rows.push([
        `${name}, ${algorithm}`,
        ...formatFigures(figures, name),
        ...(isPeer ? formatRatios(figures, GUARD, name) : ['', '']),
      ]);
    }
  }
  const all = [...results.values()];
  const rate = Math.min(...all.map((figures) => summariseRates(figures, GUARD).median));
  const ofPeer = Math.min(...all.map((it) => compare(it, GUARD, FAST_JWT_CACHED).median));
  const revoking: Figures = results.get('HS256') ?? new Map();
  const ofNone = compare(revoking, MANY_REVOKED, NONE_REVOKED);
  const describe = (name: ContenderName) =>
    formatRatios(revoking, name, NONE_REVOKED).join(', by CPU ');
  return {
    title: 'A token seen before',
    columns: ['verifier', 'tokens/s', 'CPU µs', `${GUARD} × this`, 'by CPU'],
    rows,
    plots: [plotSeen(results)],
    notes: [
      createVerdict('1,000,000 per second', `${formatNumber(rate)} at least`, rate >= 1_000_000),
      createVerdict(`2.5 × ${FAST_JWT_CACHED}`, `${ofPeer.toFixed(2)} at least`, ofPeer >= 2.5),
      createVerdict(
        'a million live revocations cost at most 5 %',
        `${describe(MANY_REVOKED)} of the rate with none`,
        ofNone.median >= 0.95,
      ),
      `${formatNumber(SEEN_TOKENS)} distinct tokens in turn, all in the cache: \`createGuard({ keys, issuer, audience })\` with its default cache, fast-jwt with \`cache: ${2 * SEEN_TOKENS}\`, \`key\`, \`algorithms\`, \`allowedIss\` and \`allowedAud\`.`,
      'Every token comes as a new string, as it does in a request. V8 keeps the hash of a string, so to pass the same one again would spare most of a look-up.',
      'The guard checks expiry and revocation on every hit, fast-jwt expiry alone; its cache is asked by a hash of the token that it computes first.',
      `“Revoked”: the guard of \`createTestIssuer()\` from \`latchkey/testing\`, whose clock stands still. A hit looks among the revocations only if there is a new one since its last look. “And more” is the worst there is, one more before every 500 tokens, so that every hit has to look: ${describe(EVER_MORE_REVOKED)} of the rate with none.`,
      describeRounds(extent),
    ],
  };
}

export function createNewTable(results: Results, extent: Extent): Table {
  const rows: string[][] = [];
  for (const [algorithm, figures] of results) {
    for (const name of figures.keys()) {
      const ratios = name === RAW ? ['1', '1'] : formatRatios(figures, name, RAW);
      rows.push([`${name}, ${algorithm}`, ...formatFigures(figures, name), ...ratios]);
    }
  }
  const find = (algorithm: Algorithm, name: ContenderName, read = readRate) =>
    compare(results.get(algorithm) ?? new Map(), name, RAW, read).median;
  const list = (judged: readonly Algorithm[], name: ContenderName, read = readRate) =>
    judged.map((it) => `${it} ${find(it, name, read).toFixed(2)}`).join(', ');
  const judge = (aim: number, judged: readonly Algorithm[]) =>
    createVerdict(
      `${aim} of ${RAW} for ${judged.join(', ')}`,
      list(judged, UNCACHED),
      judged.every((algorithm) => find(algorithm, UNCACHED) >= aim),
    );
  return {
    title: 'A new token',
    columns: ['verifier', 'tokens/s', 'CPU µs', `× ${RAW}`, 'by CPU'],
    rows,
    plots: [plotNew(results)],
    notes: [
      judge(0.9, ['RS256', 'ES256', 'EdDSA']),
      judge(0.6, ['HS256']),
      `By CPU: ${list(algorithms, UNCACHED, readSpeed)}.`,
      `“${RAW}” is the signature alone: \`crypto.verify()\`, or \`createHmac()\` and \`timingSafeEqual()\`, on two buffers made before. It reads no token.`,
      'All others are given the token as a string and the key once, and check signature, issuer, audience and expiry; before it is measured, each must refuse a token that is altered, expired, of another issuer, and for another audience. The guard also checks the kind of token, that JSON and base64url are strict, every claim of an access token, and revocation, and freezes what it returns.',
      `“No cache” is \`cache: false\`, as fast-jwt is by default. “Remembering” is with a cache, into which each token goes and pushes another out: ${list(algorithms, REMEMBERING)} of ${RAW}.`,
      'jose verifies with WebCrypto on other threads: it has 32 tokens in hand at a time, and more than one core. Its key is a `CryptoKey`, that of jsonwebtoken a `KeyObject`; jsonwebtoken does not know EdDSA.',
      `${formatNumber(NEW_TOKENS)} distinct tokens in turn, every time as new strings; RS256 with 2048 bits.`,
      describeRounds(extent),
    ],
  };
}

function describeRounds({ sets, rounds, milliseconds }: Extent): string {
  return `Medians of ${sets * rounds} rounds of all in turn (least–greatest), ${milliseconds} ms each, over ${sets} sets of processes; each verifier has a process of its own. Ratios are taken within a round; “by CPU” compares the CPU time of all threads, which other work on the machine disturbs less.`;
}

const readRate = ({ rate }: VerifierAnswer) => rate;
/** Tokens per µs of CPU time. */
const readSpeed = ({ cpu }: VerifierAnswer) => 1 / cpu;

function summariseRates(figures: Figures, name: ContenderName): Summary {
  return summarise((figures.get(name) ?? []).map(readRate));
}

/** The ratio of one to another, taken round by round. */
function compare(
  figures: Figures,
  name: ContenderName,
  base: ContenderName,
  read = readRate,
): Summary {
  const own = figures.get(name) ?? [];
  return summarise(
    (figures.get(base) ?? []).flatMap((it, round) => {
      const other = own[round];
      return other === undefined ? [] : [read(other) / read(it)];
    }),
  );
}

function formatFigures(figures: Figures, name: ContenderName): [string, string] {
  const cpu = summarise((figures.get(name) ?? []).map((it) => it.cpu)).median;
  return [formatSummary(summariseRates(figures, name)), formatNumber(cpu)];
}

function formatRatios(figures: Figures, name: ContenderName, base: ContenderName) {
  const byCpu = compare(figures, name, base, readSpeed).median;
  return [formatSummary(compare(figures, name, base), 2), byCpu.toFixed(2)];
}

function plotSeen(results: Results): Plot {
  return {
    name: 'verify-seen',
    title: 'Verifying a token seen before',
    unit: `Tokens per second, ${formatNumber(SEEN_TOKENS)} distinct ones in turn`,
    groups: plotGroups(results, summariseRates),
  };
}

function plotNew(results: Results): Plot {
  return {
    name: 'verify-new',
    title: 'Verifying a new token',
    unit: 'Tokens per second, as a share of the bare signature check by node:crypto',
    groups: plotGroups(results, (figures, name) => compare(figures, name, RAW)),
    mark: { value: 1, label: RAW },
  };
}

function plotGroups(
  results: Results,
  read: (figures: Figures, name: ContenderName) => Summary,
): Plot['groups'] {
  return [...results].map(([algorithm, figures]) => ({
    label: algorithm,
    bars: [...figures.keys()]
      .filter((name) => name !== RAW)
      .map((name) => {
        const { median, min, max } = read(figures, name);
        return { label: name, value: median, low: min, high: max, own: name.startsWith('guard') };
      }),
  }));
}
