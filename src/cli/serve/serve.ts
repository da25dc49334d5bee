import type { Notice } from '../../auth/notice.ts';
import { durationBetween } from '../../config/duration.ts';
import { withPort } from '../../config/read-settings.ts';
import { type SettingName, settingTable } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { Call, Command } from '../shell/command.ts';
import { exitCode } from '../shell/exit-code.ts';
import { CommandFailed, UsageError } from '../shell/failures.ts';
import { parseCount } from '../shell/parse-count.ts';
import type { Console } from '../shell/terminal/console.ts';
import { printBanner } from './banner.ts';
import { listMissing } from './data-files.ts';
import { findPort } from './find-port.ts';
import { noticeNoAdministrator, type ServePlan, startServing } from './serve-plan.ts';
import { stopGracefully, waitForStop } from './stop.ts';

const settings = Object.values(settingTable)
  .filter(({ flag }) => flag !== undefined)
  .map(({ name }): SettingName => name);

const MAX_WORKERS = 64;
const LONGEST_DRAIN = '5m';

export const serve: Command = {
  name: 'serve',
  summary: 'Run the server',
  details:
    'Runs until it gets SIGINT (Ctrl-C) or SIGTERM. Then it finishes the requests in progress and ends. During the start, a signal ends it immediately.',
  options: {
    json: { type: 'boolean', description: 'Print where the server listens as one line of JSON.' },
    workers: {
      type: 'string',
      short: 'w',
      placeholder: 'number',
      description: `How many processes serve, from 1 to ${MAX_WORKERS}. A process that dies is replaced. Default: 1.`,
    },
    drain: {
      type: 'string',
      placeholder: 'duration',
      description: `How long to keep serving after the signal to stop, while /readyz answers 503 and a proxy in front chooses other servers; at most ${LONGEST_DRAIN}. Default: 0s.`,
    },
  },
  settings,
  examples: [
    'serve',
    'serve --port 9000 --data-dir /var/lib/latchkey',
    'serve --host 0.0.0.0 --issuer https://auth.example.com --trust-proxy 10.0.0.2',
    'serve --workers 4 --drain 5s',
  ],
  run,
};

async function run(call: Call): Promise<number | undefined> {
  const { console, flags } = call;
  const workers = parseCount('workers', flags.find('workers') ?? '1', 1, MAX_WORKERS);
  const drainMs = parseDrain(flags.find('drain') ?? '0');
  const given = call.readSettings();
  if (workers > 1) assertShareable(given);
  const port = await findPort(given.host, given.port);
  const missing = listMissing(given);
  const plan: ServePlan = {
    settings: withPort(given, port),
    drainMs,
  };
  const server = await (workers === 1
    ? startAlone(console, plan)
    : startWorkers(console, plan, workers));
  const stop = waitForStop();
  const { issuer, pids } = server;
  // With any free port, the operator expects that the default issuer changes at every start.
  const isExpected = given.port === 0 && given.defaulted.has('issuer');
  const notices = server.notices.filter(({ about }) => about !== 'issuer' || !isExpected);
  printBanner(call, { ...given, port, issuer }, { created: missing, pids, notices });
  await Promise.race([stop, server.failed]);
  console.note(
    drainMs === 0
      ? 'Stopping: finishing the requests in progress. Press Ctrl-C again to stop immediately.'
      : `Stopping in ${drainMs / 1000} seconds, then finishing the requests in progress. Press Ctrl-C again to stop immediately.`,
  );
  return (await server.stop()) ? exitCode.ok : exitCode.failure;
}

/** What serves: this process or its workers. */
interface Serving {
  readonly issuer: string;
  readonly pids: readonly number[];
  readonly notices: readonly Notice[];
  /** Rejects when it can no longer serve. */
  readonly failed: Promise<never>;
  /** @returns whether all requests in progress were finished */
  stop(): Promise<boolean>;
}

async function startAlone(console: Console, plan: ServePlan): Promise<Serving> {
  let notices: readonly Notice[] = [];
  const app = await startServing(plan, {
    onWait: (text) => console.note(text),
    onNotices(found) {
      notices = found;
    },
  });
  return {
    issuer: app.latchkey.settings.issuer,
    pids: [process.pid],
    notices,
    failed: new Promise<never>(() => {}),
    async stop() {
      await stopGracefully(console, app, plan.drainMs);
      return true;
    },
  };
}

async function startWorkers(console: Console, plan: ServePlan, count: number): Promise<Serving> {
  const [{ openLatchkey }, { WorkerSupervisor }] = await Promise.all([
    import('../../system/latchkey.ts'),
    import('./worker-supervisor.ts'),
  ]);
  // Creates the database, the secret and the keys, so that the workers find them.
  const onWait = (text: string) => console.note(text);
  const opened = await openLatchkey({ onWait }, { serves: true }, plan.settings);
  const hints = await noticeNoAdministrator(opened.users);
  await opened.close();
  const supervisor = await WorkerSupervisor.start(console, plan, count);
  return {
    issuer: opened.settings.issuer,
    pids: supervisor.pids,
    notices: [...opened.notices, ...hints],
    failed: supervisor.failed,
    stop: () => supervisor.stop(),
  };
}

function assertShareable({ database }: Settings): void {
  if (database.kind === 'sqlite' && database.path === ':memory:') {
    throw new CommandFailed(
      'Several workers cannot share a database in memory, because each would have its own. Use a file, --database-url sqlite:<path>, or one worker.',
    );
  }
}

const readDrain = durationBetween('0s', LONGEST_DRAIN);

/** @returns ms */
function parseDrain(text: string): number {
  const seconds = readDrain(text, (problem, fix) => {
    throw new UsageError(`--drain: ${problem} ${fix}`);
  });
  return seconds * 1000;
}
