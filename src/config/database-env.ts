/**
 * Makes `databaseUrl` from the variables that other tools use: `DATABASE_URL`, or else those of the
 * PostgreSQL container image, `POSTGRES_USER` (default `postgres`), `POSTGRES_PASSWORD` and `POSTGRES_DB`
 * (default: the user), with `POSTGRES_HOSTNAME`, `POSTGRES_SERVER` or `POSTGRES_HOST` (default
 * `localhost`; the folder of a socket where it begins with a slash) and `POSTGRES_PORT` (default 5432).
 * The driver that SQLAlchemy writes into the scheme, as in `postgresql+psycopg2:`, is left out. Empty
 * variables count as not set.
 *
 * ```ts
 * await app.register(latchkey, { databaseUrl: databaseUrlFrom(process.env) });
 * ```
 * @returns undefined where none of these is set: then the settings decide
 */
export function databaseUrlFrom(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (env['DATABASE_URL']) return env['DATABASE_URL'].replace(/^(postgres(?:ql)?)\+\w+:/, '$1:');
  const host = env['POSTGRES_HOSTNAME'] || env['POSTGRES_SERVER'] || env['POSTGRES_HOST'];
  const password = env['POSTGRES_PASSWORD'];
  const names = ['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PORT'];
  if (!host && !password && !names.some((name) => env[name])) return undefined;
  const encode = encodeURIComponent;
  const user = env['POSTGRES_USER'] || 'postgres';
  const credentials = `${encode(user)}${password ? `:${encode(password)}` : ''}`;
  const port = encode(env['POSTGRES_PORT'] || '5432');
  const database = encode(env['POSTGRES_DB'] || user);
  if (host?.startsWith('/')) {
    return `postgres://${credentials}@localhost:${port}/${database}?host=${encode(host)}`;
  }
  const name = host?.includes(':') ? `[${host}]` : encode(host || 'localhost');
  return `postgres://${credentials}@${name}:${port}/${database}`;
}
