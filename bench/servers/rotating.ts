/**
 * Rotates sessions as fast as the database admits: by the store's own verb, or by the statement of that
 * verb through the bare driver.
 */
import pg from 'pg';
import { openPostgresStore } from '../../src/store/index.ts';
import { answerParent } from '../lib/child.ts';

export type RotatingQuestion =
  | { readonly open: { readonly url: string; readonly connections: number } }
  /** What the store sends for one rotation. */
  | { readonly observe: { readonly sessionId: string } }
  | { readonly rotate: Rotation };

/** Each caller goes through the sessions in `sessions[caller]` in turn. All must be at generation 0. */
export interface Rotation {
  readonly by: 'store' | 'driver';
  readonly sessions: readonly (readonly string[])[];
  readonly milliseconds: number;
}

export interface RotatingAnswer {
  readonly statement?: Statement;
  /** Within the time, and after it. */
  readonly rotations?: number;
  readonly late?: number;
  /** CPU of this process, in µs. */
  readonly cpu?: number;
}

export interface Statement {
  readonly text: string;
  /** What each of its parameters is, in order. */
  readonly parameters: readonly Parameter[];
}

/** Values that cannot be taken for one another. */
const known = { generation: 77_777, grace: 0, now: 1e12, maxAgeMs: 8e12, expiresAt: 9e12 } as const;
export type Parameter = keyof typeof known | 'id';

type Store = Awaited<ReturnType<typeof openPostgresStore>>;
type Rotate = (caller: number, sessionId: string, generation: number) => Promise<boolean>;

let store: Store | undefined;
let statement: Statement | undefined;
const drivers: pg.Client[] = [];

async function open(url: string, connections: number): Promise<void> {
  // On a machine that is busy besides, nobody is to be turned away.
  const patience = { connectTimeout: 60_000, statementTimeout: 60_000 };
  store = await openPostgresStore({ url, poolSize: connections, ...patience });
  for (let each = 0; each < connections; each++) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    drivers.push(client);
  }
}

/** Looks over the driver's shoulder while the store rotates a session that nobody comes with. */
async function observe(sessionId: string): Promise<Statement> {
  const original = pg.Client.prototype.query;
  let seen: pg.QueryConfig | undefined;
  pg.Client.prototype.query = new Proxy(original, {
    apply(target, client, args) {
      if (args[0].text?.includes('update')) [seen] = args;
      return Reflect.apply(target, client, args);
    },
  });
  try {
    await rotateByStore(0, sessionId, known.generation);
  } finally {
    pg.Client.prototype.query = original;
  }
  if (seen?.values === undefined) throw new Error('The store sent no update.');
  const named = Object.entries({ ...known, id: sessionId }) as [Parameter, unknown][];
  const parameters = seen.values.map((value) => {
    const [name] = named.find(([, it]) => it === value) ?? [];
    if (name === undefined) throw new Error('The store sent a parameter that is not known here.');
    return name;
  });
  return { text: seen.text, parameters };
}

const rotateByStore: Rotate = async (_caller, sessionId, generation) => {
  const { now, expiresAt, maxAgeMs, grace } = known;
  const order = { sessionId, generation, now, expiresAt, maxAgeMs, grace, issuedUntil: expiresAt };
  const event = {
    id: '',
    at: now,
    type: 'refresh_token_reused',
    actor: { kind: 'anonymous', id: null },
    subject: { kind: 'user', id: '' },
    sessionId,
    outcome: 'failure',
    reason: null,
    address: null,
    userAgent: null,
    changes: null,
  } as const;
  return (await store?.rotateSession({ ...order, event }))?.status === 'rotated';
};

const rotateByDriver: Rotate = async (caller, id, generation) => {
  if (statement === undefined) throw new Error('Let it observe the store first.');
  const { text, parameters } = statement;
  const values = parameters.map((name) => ({ ...known, id, generation })[name]);
  const answer = await drivers[caller]?.query({ name: 'rotate', text, values });
  return answer?.rows[0]?.rotated === 1;
};

async function rotate({ by, sessions, milliseconds }: Rotation): Promise<RotatingAnswer> {
  const work = by === 'store' ? rotateByStore : rotateByDriver;
  const until = performance.now() + milliseconds;
  const before = process.cpuUsage();
  let [rotations, late] = [0, 0];
  const callers = sessions.map(async (own, caller) => {
    for (let turn = 0; performance.now() < until; turn++) {
      const sessionId = own[turn % own.length] ?? '';
      const done = await work(caller, sessionId, Math.floor(turn / own.length));
      if (!done) throw new Error('A session did not rotate.');
      if (performance.now() < until) rotations++;
      else late++;
    }
  });
  await Promise.all(callers);
  const { user, system } = process.cpuUsage(before);
  return { rotations, late, cpu: user + system };
}

answerParent<RotatingQuestion>(async (question): Promise<RotatingAnswer> => {
  if ('open' in question) {
    await open(question.open.url, question.open.connections);
    return {};
  }
  if ('observe' in question) {
    statement = await observe(question.observe.sessionId);
    return { statement };
  }
  return rotate(question.rotate);
});
