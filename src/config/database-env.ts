/**
 * Makes `databaseUrl` from the variables that other tools use: `DATABASE_URL`, or else those of the
 * PostgreSQL container image, `POSTGRES_USER` (default `postgres`), `POSTGRES_PASSWORD` and `POSTGRES_DB`
 * (default: the user), with `POSTGRES_HOSTNAME`, `POSTGRES_SERVER` or `POSTGRES_HOST` (default
 * `localhost`) and `POSTGRES_PORT` (default 5432). The driver that SQLAlchemy writes into the scheme, as
 * in `postgresql+psycopg2:`, is left out. Empty variables count as not set.
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
  const user = env['POSTGRES_USER'] || 'postgres';
  const database = env['POSTGRES_DB'] || user;
  const secret = password ? `:${encodeURIComponent(password)}` : '';
  const credentials = `${encodeURIComponent(user)}${secret}`;
  const place = `${host || 'localhost'}:${env['POSTGRES_PORT'] || '5432'}`;
  return `postgres://${credentials}@${place}/${encodeURIComponent(database)}`;
}
