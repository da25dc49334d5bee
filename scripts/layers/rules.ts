/** Which folder may import which. `npm run check` compares every import with it. */
export interface LayerRules {
  /** Folder or file of src → the others it may import. It may always import its own. */
  readonly layers: Readonly<Record<string, readonly string[]>>;
  /** Top folder → the top folders its relative imports may lead to. */
  readonly areas: Readonly<Record<string, readonly string[]>>;
  /** Top folders that import Latchkey as its users do: by `latchkey/…` and the exports of package.json. */
  readonly publicUsers: readonly string[];
  /** Files that reach beyond their area → the only files there that each may import, and why. */
  readonly seams: Readonly<
    Record<string, { readonly to: readonly string[]; readonly why: string }>
  >;
  /** Packages and built-in modules, with the only places in src that may import them. */
  readonly packages: readonly {
    readonly names: readonly string[];
    readonly only: readonly string[];
  }[];
  /** Files of src that may read the time or draw random numbers → why. */
  readonly ambient: Readonly<Record<string, string>>;
}

const belowAuth = ['kernel', 'jwt', 'revocation'];
const belowSystem = [...belowAuth, 'auth', 'store', 'hasher', 'guard', 'config'];

export const layerRules: LayerRules = {
  layers: {
    kernel: [],
    fast: [],
    collections: [],
    jwt: ['kernel', 'fast'],
    revocation: ['kernel', 'jwt', 'collections'],
    auth: belowAuth,
    // The store parses database URLs and libpq's variables with what config defines.
    store: [...belowAuth, 'auth', 'config'],
    hasher: [...belowAuth, 'auth'],
    mail: ['kernel', 'auth'],
    guard: belowAuth,
    client: [],
    testing: [...belowAuth, 'guard'],
    config: ['kernel', 'jwt'],
    system: [...belowSystem, 'mail'],
    server: ['kernel', 'jwt', 'auth', 'guard', 'config', 'system'],
    cli: [...belowSystem, 'system', 'server'],
  },
  areas: {
    src: ['src'],
    // Tests call the functions of recipes and start the programs of examples.
    test: ['test', 'src', 'scripts', 'examples'],
    // scripts/compile-statements.ts runs the sources to compile their statements.
    scripts: ['scripts', 'src'],
    examples: ['examples'],
    bench: ['bench'],
  },
  publicUsers: ['examples', 'bench', 'test'],
  seams: {
    'bench/servers/session-rotator.ts': {
      to: ['src/store/index.ts'],
      why: 'measures the store, which the package does not export',
    },
    'bench/fast-paths/contenders.ts': {
      to: [
        'src/collections/id-formats.ts',
        'src/collections/id-hash.ts',
        'src/collections/packed-id-map.ts',
        'src/fast/hmac.ts',
        'src/fast/plain-hmac.ts',
      ],
      why: 'measures fast paths beside the plain code that they replace',
    },
    'bench/lib/data/postgres.ts': {
      to: ['test/support/postgres-keeper.ts'],
      why: 'measures on the PostgreSQL server that the tests start',
    },
  },
  packages: [
    {
      names: ['fastify', 'fastify-plugin', '@fastify/*'],
      only: ['src/server', 'src/guard/adapters/fastify'],
    },
    { names: ['hono'], only: ['src/guard/adapters/hono'] },
    { names: ['express'], only: ['src/guard/adapters/express'] },
    { names: ['kysely', 'node:sqlite', 'pg'], only: ['src/store'] },
    { names: ['@node-rs/*'], only: ['src/hasher'] },
    { names: ['nodemailer'], only: ['src/mail'] },
    {
      names: ['node:crypto'],
      only: [
        'src/kernel',
        'src/fast',
        'src/jwt',
        'src/auth',
        // Checksums of backups and copies.
        'src/store/transfer',
        'src/system',
      ],
    },
  ],
  ambient: {
    'src/kernel/system-clock.ts':
      'implements the Clock that everything else is given, and spreads retries',
    'src/kernel/system-random.ts': 'implements the Random that everything else is given',
    'src/hasher/hash-worker.ts': 'measures how long a hash takes, where no Clock can be given',
  },
};
