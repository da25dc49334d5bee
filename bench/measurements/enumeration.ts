/** Whether a stranger can tell by the response, or by the time that it takes, who has an account. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { now } from '../lib/now.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { quantile, separation } from '../lib/report/statistics.ts';
import type { EnumerationSetup, EnumerationStarted } from '../servers/enumeration-server.ts';
import type { ServerQuestion } from '../servers/server-process.ts';

const MOST_SEPARATION = 0.55;
const WRONG = 'surely not the password';

const salted = (cost: string) => `${cost}$c29tZXNhbHRzb21lc2FsdA$${'A'.repeat(43)}`;
const bcryptTail = 'CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
const ARGON2ID = salted('$argon2id$v=19$m=19456,t=2,p=1');
const MIX = [
  `$2b$10$${bcryptTail}`,
  `$2b$12$${bcryptTail}`,
  ARGON2ID,
  salted('$argon2id$v=19$m=12288,t=3,p=1'),
];

interface Post {
  readonly path: string;
  readonly type: 'application/json' | 'application/x-www-form-urlencoded';
  readonly body: string;
}

const json = (path: string, body: object): Post => ({
  path,
  type: 'application/json',
  body: JSON.stringify(body),
});
const form = (path: string, body: Record<string, string>): Post => ({
  path,
  type: 'application/x-www-form-urlencoded',
  body: String(new URLSearchParams(body)),
});

/** The routes that take a name from a stranger, by what they are called in the table. */
const ROUTES: Readonly<Record<string, (name: string) => Post>> = {
  'login, JSON': (username) => json('/auth/login', { username, password: WRONG }),
  'login, form': (username) => form('/auth/login', { username, password: WRONG }),
  'token endpoint': (username) =>
    form('/auth/token', { grant_type: 'password', username, password: WRONG }),
};
const REGISTRATION = (username: string) =>
  json('/auth/register', { username, password: 'a few words of mine' });

type Server = Child<ServerQuestion<EnumerationSetup>, EnumerationStarted>;

export const enumeration: Bench = {
  name: 'enumeration',
  summary: 'whether known and unknown names can be told apart',
  async run({ quick }) {
    const pairs = quick ? 40 : 1_000;
    const rows: Row[] = [];
    for (const [what, hashes, lanes] of [
      ['argon2id only', [ARGON2ID], 1],
      ['a mix of hashes', MIX, 6],
    ] as const) {
      for (const [route, toPost] of Object.entries(ROUTES)) {
        const found = await measureOn(
          { hashes, pairs, lanes, registration: 'open' },
          toPost,
          `${route}, ${what}`,
        );
        rows.push({ what: `${route}, ${what}`, ...found });
      }
    }
    const closed = { hashes: [ARGON2ID], pairs, lanes: 1, registration: 'closed' } as const;
    const what = 'registration that is closed';
    rows.push({ what, ...(await measureOn(closed, REGISTRATION, what)) });
    return [createTable(rows, pairs)];
  },
};

interface Terms extends Pick<EnumerationSetup, 'hashes' | 'registration'> {
  readonly pairs: number;
  /** Pairs that are asked for at the same time. */
  readonly lanes: number;
}

interface Figures {
  /** ms, in order. */
  readonly known: readonly number[];
  readonly unknown: readonly number[];
  /** Differences in ms between an account's two names, and between names of two accounts. */
  readonly sameAccount: readonly number[];
  readonly twoAccounts: readonly number[];
}

interface Row extends Figures {
  readonly what: string;
}

async function measureOn(
  { hashes, registration, pairs, lanes }: Terms,
  toPost: (name: string) => Post,
  what: string,
): Promise<Figures> {
  showProgress(`enumeration: ${what}`);
  const server: Server = startChild(new URL('../servers/enumeration-server.ts', import.meta.url));
  const folder = join(createDiskFolder(), 'data');
  const { port } = await server.ask({ start: { folder, accounts: pairs, hashes, registration } });
  const ask = createClient(port);
  for (let at = 0; at < 40; at++) await ask(toPost(`warm-up${at}`));
  const figures: Record<keyof Figures, number[]> = {
    known: [],
    unknown: [],
    sameAccount: [],
    twoAccounts: [],
  };
  await inLanes(lanes, pairs, async (at) => {
    // The address is that of the same account in every other round, and of any account in the rounds between.
    const isSame = at % 2 === 0;
    const owner = isSame ? at : Math.floor(Math.random() * pairs);
    const times = await inAnyOrder({
      known: () => ask(toPost(`known${at}`)),
      unknown: () => ask(toPost(`unknown${at}`)),
      email: () => ask(toPost(`mail${owner}@example.com`)),
    });
    figures.known.push(times.known);
    figures.unknown.push(times.unknown);
    const gap = Math.abs(times.known - times.email);
    (isSame ? figures.sameAccount : figures.twoAccounts).push(gap);
  });
  server.stop();
  return figures;
}

/** Sends a request and returns how long its response took, in ms. All responses must be the same. */
function createClient(port: number): (post: Post) => Promise<number> {
  const agent = new Agent({ keepAlive: true });
  let first: unknown;
  return async ({ path, type, body }) => {
    const from = now();
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path, agent, headers });
    const answered = Promise.withResolvers<import('node:http').IncomingMessage>();
    sent.once('response', answered.resolve).once('error', answered.reject).end(body);
    const response = await answered.promise;
    const content = await text(response);
    const took = now() - from;
    const { date: _, ...fixed } = response.headers;
    const answer = { status: response.statusCode, fixed, content };
    first ??= answer;
    assert.deepEqual(answer, first);
    return took;
  };
}

async function inAnyOrder<Name extends string>(
  acts: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number>> {
  const shuffled = Object.entries<() => Promise<number>>(acts)
    .map((entry) => ({ entry, at: Math.random() }))
    .sort((a, b) => a.at - b.at);
  const times: Record<string, number> = {};
  for (const { entry } of shuffled) times[entry[0]] = await entry[1]();
  return times as Record<Name, number>;
}

async function inLanes(
  lanes: number,
  count: number,
  act: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: lanes }, run));
}

function createTable(rows: readonly Row[], pairs: number): Table {
  const median = (values: readonly number[]) =>
    quantile(
      values.toSorted((a, b) => a - b),
      0.5,
    ).toFixed(1);
  const worst = Math.max(...rows.map(({ known, unknown }) => separation(known, unknown)));
  const together = Math.max(
    ...rows.map(({ sameAccount, twoAccounts }) => separation(sameAccount, twoAccounts)),
  );
  return {
    title: 'Telling who has an account',
    columns: ['', 'known, ms', 'unknown, ms', 'AUC', 'AUC of two names'],
    rows: rows.map(({ what, known, unknown, sameAccount, twoAccounts }) => [
      what,
      median(known),
      median(unknown),
      separation(known, unknown).toFixed(3),
      separation(sameAccount, twoAccounts).toFixed(3),
    ]),
    notes: [
      createVerdict(
        `AUC of known and unknown names at most ${MOST_SEPARATION}`,
        worst.toFixed(3),
        worst <= MOST_SEPARATION,
      ),
      createVerdict(
        `an account's two names cannot be told to belong together, AUC at most ${MOST_SEPARATION}`,
        together.toFixed(3),
        together <= MOST_SEPARATION,
      ),
      `${pairs} pairs, each of a known and an unknown name in random order, with a wrong password; medians in ms. The area under the curve (AUC) is how well the best threshold on the time tells them apart: 0.5 is a guess, 1 is certainty.`,
      'The AUC of two names compares how much the times of a username and an email address differ if they belong to one account, and if they do not.',
      'The mix: a quarter each of bcrypt 10, bcrypt 12, argon2id with 19 MiB and 2 passes, argon2id with 12 MiB and 3 passes; 6 clients. argon2id only: one client.',
      'One account in seven has no password, and one in five is disabled.',
      'Status, headers and body of all responses of a row are the same, byte for byte, apart from the date.',
    ],
  };
}
