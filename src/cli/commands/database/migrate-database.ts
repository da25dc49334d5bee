import { type DatabaseLocation, parseDatabaseUrl } from '../../../config/database.ts';
import { holdsPassword } from '../../../config/postgres/url.ts';
import type { Call, Command } from '../../shell/command.ts';
import { CommandFailed, UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { dataSettings, IN_MEMORY, jsonOption } from '../data-settings.ts';
import { hasDatabaseFile } from './database-file.ts';
import { protectDatabaseFile } from './protect-database-file.ts';

const URL_HELP =
  'A URL as in LATCHKEY_DATABASE_URL, which is the default. Give a URL with a password only in that variable: other users can read command lines.';

export const migrateDatabase: Command = {
  name: 'migrate-database',
  summary: 'Copy all data to another database',
  details:
    'Copies from SQLite to PostgreSQL, back, or between two databases of the same kind. Stop all servers first: what they write during the copy is lost. The target must be empty, and the source is only read. Either everything is written or nothing, after counts and checksums are compared. Users stay signed in if the servers keep their secret and their issuer.',
  options: {
    from: { type: 'string', placeholder: 'url', description: `The database to read. ${URL_HELP}` },
    to: {
      type: 'string',
      placeholder: 'url',
      description: 'The database to write, given in the same way.',
    },
    json: { ...jsonOption, description: 'Print the result as JSON.' },
  },
  settings: dataSettings,
  examples: [
    'migrate-database --from sqlite:./data/latchkey.db --to postgres://me@db.example/latchkey',
    'migrate-database --from sqlite:./data/latchkey.db',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const [from, to] = [flags.find('from'), flags.find('to')];
  if (from === undefined && to === undefined) {
    throw new UsageError(
      'Give the database to read, --from <url>, or the one to write, --to <url>.',
    );
  }
  const source = locate(call, '--from', from);
  const target = locate(call, '--to', to);
  assertThere(source);
  for (const it of [source, target]) protectDatabaseFile(console, it);
  if (isSame(source, target)) throw new UsageError('--from and --to are the same database.');
  const { copyDatabase } = await import('../../../system/transfer/copy.ts');
  const { counts, checksums } = await copyDatabase(source, target, createProgress(console));
  if (flags.has('json')) {
    console.printJson({ counts, checksums });
    return;
  }
  console.print(
    `Copied ${counts.users} users and ${counts.sessions} sessions; counts and checksums of all tables agree.`,
  );
  console.print('Start the servers on the new database with the same secret.');
}

function locate(call: Call, label: string, text: string | undefined): DatabaseLocation {
  const location = text === undefined ? call.readSettings().database : parse(label, text);
  if (location.kind === 'sqlite' && location.path === ':memory:') {
    throw new CommandFailed(IN_MEMORY);
  }
  return location;
}

function parse(label: string, text: string): DatabaseLocation {
  const location = parseDatabaseUrl(text, (problem, fix) => {
    throw new UsageError(`${label}: ${problem} ${fix}`);
  });
  if (location.kind === 'postgres' && holdsPassword(text)) {
    throw new UsageError(
      `${label} would show the password in it to every user of this machine. Set LATCHKEY_DATABASE_URL in the environment or in .env and leave ${label} out, or take the password out and set PGPASSWORD.`,
    );
  }
  return location;
}

/** Checked first, because opening a missing file would create it. */
function assertThere(source: DatabaseLocation): void {
  if (source.kind !== 'sqlite' || hasDatabaseFile(source.path)) return;
  throw new CommandFailed(`There is no database at ${source.path}.`);
}

function isSame(one: DatabaseLocation, other: DatabaseLocation): boolean {
  if (one.kind === 'sqlite') return other.kind === 'sqlite' && one.path === other.path;
  return other.kind === 'postgres' && one.url === other.url;
}
