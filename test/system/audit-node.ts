import { openLatchkey } from '../../src/system/latchkey.ts';

/** What the test tells a node. */
export interface NodeOrder {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly secret: string;
  /** Whether the node seals. */
  readonly seals: boolean;
  /** How many sign-ins it writes, several at a time. */
  readonly logins: number;
  readonly usernames: readonly string[];
  readonly password: string;
}

/** How long each sign-in took, in ms. */
export interface NodeReport {
  readonly took: readonly number[];
}

const IN_FLIGHT = 8;
/** Sign-ins that are not timed. */
const WARM_UP = 50;

process.once('message', async (order: NodeOrder) => {
  const { databaseUrl, dataDir, secret, seals, logins, usernames, password } = order;
  const latchkey = await openLatchkey(
    {
      databaseUrl,
      dataDir,
      secret,
      env: {},
      envFile: false,
      issuer: 'https://auth.example',
      hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
    },
    { serves: seals },
  );
  const caller = {
    actor: { kind: 'anonymous', id: null },
    address: '192.0.2.1',
    userAgent: 'a browser',
  } as const;
  const took: number[] = [];
  let started = 0;
  const work = async () => {
    while (started < logins) {
      const username = usernames[started++ % usernames.length] ?? '';
      const start = performance.now();
      await latchkey.auth.login({ username, password }, caller);
      // Until then it loads what a sign-in needs.
      if (started > WARM_UP) took.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  process.send?.({ took } satisfies NodeReport);
  // Goes on sealing until the test ends it.
  process.once('message', async () => {
    await latchkey.close();
    process.disconnect?.();
  });
});
