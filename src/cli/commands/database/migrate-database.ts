import { type DatabaseLocation, parseDatabaseUrl } from '../../../config/database.ts';
import { holdsPassword } from '../../../config/postgres/url.ts';
import type { Call, Command } from '../../shell/command.ts';
import { hasDatabaseFile } from '../../shell/database-file.ts';
import { CommandFailed, UsageError } from '../../shell/failures.ts';
import { createProgress } from '../../shell/terminal/progress.ts';
import { warnOfOpenFiles } from '../../shell/warn-of-open-files.ts';
import { dataSettings, jsonOption } from './data-commands.ts';

const urlMeans =
  'A URL as in LATCHKEY_DATABASE_URL; by default that setting. One with a password can be given by that setting alone: others can read command lines.';

export const migrateDatabase: Command = {
  name: 'migrate-database',
  summary: 'Copy everything into another database',
  details:
    'From SQLite to PostgreSQL, or back, or between two of a kind. Stop all servers first: what they write meanwhile is not copied. The target must be empty, and the source is only read. Everything is written or nothing, after a comparison by counts and checksums. Users stay signed in, if the servers keep their secret and their issuer.',
  options: {
    from: { type: 'string', placeholder: 'url', description: `The database to read. ${urlMeans}` },
    to: { type: 'string', placeholder: 'url', description: 'The database to fill, likewise.' },
    json: { ...jsonOption, description: 'Answer with a line of JSON.' },
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
      'Name the database to read, --from <url>, or the one to fill, --to <url>.',
    );
  }
  const source = locate(call, '--from', from);
  const target = locate(call, '--to', to);
  assertThere(source);
  for (const it of [source, target]) warnOfOpenFiles(console, it);
  if (isSame(source, target)) throw new UsageError('These two are one and the same database.');
  const { copyDatabase } = await import('../../../system/transfer/copy.ts');
  const { counts, checksums } = await copyDatabase(source, target, createProgress(console));
  if (flags.has('json')) {
    console.printJson({ counts, checksums });
    return;
  }
  console.print(
    `Copied ${counts.users} users and ${counts.sessions} sessions; counts and checksums of all tables agree.`,
  );
  console.print('Start the servers on the new database with the secret they had.');
}

function locate(call: Call, label: string, text: string | undefined): DatabaseLocation {
  const location = text === undefined ? call.readSettings().database : parse(label, text);
  if (location.kind === 'sqlite' && location.path === ':memory:') {
    throw new CommandFailed('A database in memory is the server’s alone: no command can reach it.');
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

/** To open a file that is not there would make it. */
function assertThere(source: DatabaseLocation): void {
  if (source.kind !== 'sqlite' || hasDatabaseFile(source.path)) return;
  throw new CommandFailed(`There is no database at ${source.path}.`);
}

function isSame(one: DatabaseLocation, other: DatabaseLocation): boolean {
  if (one.kind === 'sqlite') return other.kind === 'sqlite' && one.path === other.path;
  return other.kind === 'postgres' && one.url === other.url;
}
