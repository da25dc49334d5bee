import type { Notice } from '../../auth/ports/store.ts';
import { durationBetween } from '../../config/duration.ts';
import { withPort } from '../../config/read-settings.ts';
import { type SettingName, settingTable } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { Call, Command } from '../shell/command.ts';
import { exitCode } from '../shell/exit-code.ts';
import { CommandFailed, UsageError } from '../shell/failures.ts';
import type { Console } from '../shell/terminal/console.ts';
import { printBanner } from './banner.ts';
import { listMissing } from './data-files.ts';
import { findPort } from './find-port.ts';
import { type ServePlan, startServing } from './serve-plan.ts';
import { stopGracefully, waitForStop } from './stop.ts';

const settings = Object.values(settingTable)
  .filter(({ flag }) => flag !== undefined)
  .map(({ name }): SettingName => name);

const mostWorkers = 64;
const longestDrain = '5m';

export const serve: Command = {
  name: 'serve',
  summary: 'Run the server',
  details:
    'Runs until it gets SIGINT (Ctrl-C) or SIGTERM; then it finishes the requests under way and ends. While it still starts, a signal ends it immediately.',
  options: {
    json: { type: 'boolean', description: 'Say where it listens as one line of JSON.' },
    workers: {
      type: 'string',
      short: 'w',
      placeholder: 'number',
      description: `Processes that serve, from 1 to ${mostWorkers}; 1 by default. One that dies is replaced.`,
    },
    drain: {
      type: 'string',
      placeholder: 'duration',
      description: `How long to go on serving once told to stop, while /readyz answers 503, so that a proxy in front looks elsewhere first; 0s by default, ${longestDrain} at most.`,
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
  const workers = parseWorkers(flags.find('workers') ?? '1');
  const drain = parseDrain(flags.find('drain') ?? '0');
  const asked = call.readSettings();
  if (workers > 1) assertShareable(asked);
  const port = await findPort(asked.host, asked.port);
  const missing = listMissing(asked);
  const plan: ServePlan = {
    settings: withPort(asked, port),
    drain,
  };
  const server = await (workers === 1
    ? startAlone(console, plan)
    : startWorkers(console, plan, workers));
  const stop = waitForStop();
  const { issuer, pids } = server;
  // Whoever asks for any free port knows that the default issuer changes with it.
  const expected = asked.port === 0 && asked.defaulted.has('issuer');
  const notices = server.notices.filter(({ about }) => about !== 'issuer' || !expected);
  printBanner(call, { ...asked, port, issuer }, { created: missing, pids, notices });
  await Promise.race([stop, server.failed]);
  console.note(
    drain === 0
      ? 'Stopping: finishing the requests under way. Once more to stop at once.'
      : `Stopping in ${drain / 1000} seconds, then finishing the requests under way. Once more to stop at once.`,
  );
  return (await server.stop()) ? exitCode.ok : exitCode.failure;
}

/** What serves, in this process or in others. */
interface Serving {
  readonly issuer: string;
  readonly pids: readonly number[];
  readonly notices: readonly Notice[];
  /** Rejects when it can no longer serve. */
  readonly failed: Promise<never>;
  /** @returns whether everything under way was finished */
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
      await stopGracefully(console, app, plan.drain);
      return true;
    },
  };
}

async function startWorkers(console: Console, plan: ServePlan, count: number): Promise<Serving> {
  const [{ openLatchkey }, { WorkerSupervisor }] = await Promise.all([
    import('../../system/latchkey.ts'),
    import('./worker-supervisor.ts'),
  ]);
  // Makes the database, the secret and the keys, so that the workers find them.
  const onWait = (text: string) => console.note(text);
  const opened = await openLatchkey({ onWait }, { serves: true }, plan.settings);
  await opened.close();
  const crew = await WorkerSupervisor.start(console, plan, count);
  return {
    issuer: opened.settings.issuer,
    pids: crew.pids,
    notices: opened.notices,
    failed: crew.failed,
    stop: () => crew.stop(),
  };
}

function assertShareable({ database }: Settings): void {
  if (database.kind === 'sqlite' && database.path === ':memory:') {
    throw new CommandFailed(
      'Several workers cannot share a database in memory: each would have its own. Use a file, --database-url sqlite:<path>, or one worker.',
    );
  }
}

function parseWorkers(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= mostWorkers) {
    return Number(text);
  }
  throw new UsageError(`--workers must be a whole number from 1 to ${mostWorkers}.`);
}

const drainBetween = durationBetween('0s', longestDrain);

/** @returns ms */
function parseDrain(text: string): number {
  const seconds = drainBetween(text, (problem, fix) => {
    throw new UsageError(`--drain: ${problem} ${fix}`);
  });
  return seconds * 1000;
}
