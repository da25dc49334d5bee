import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaveSignalsToProgram } from '../../kernel/process/first-process.ts';
import { exitCode } from '../shell/exit-code.ts';
import type { Console } from '../shell/terminal/console.ts';

/** How long requests in progress may take. */
const REQUEST_LIMIT_MS = 10_000;
/** A second signal within this time is a duplicate: on Ctrl-C, a terminal and npm both send one. */
const DUPLICATE_SIGNAL_MS = 500;
/** How often idle connections are closed. */
const SWEEP_INTERVAL_MS = 25;
/** How many turns of the event loop to wait for a quiet one. Under constant load there may be none. */
const MAX_TURNS = 2000;
/** How often to check whether the connections accepted last have sent a request. */
const FIRST_REQUEST_INTERVAL_MS = 50;
/** How long they may take to send it. */
const FIRST_REQUEST_LIMIT_MS = 1000;

/** The parts of Fastify's app that are needed to stop it. */
interface Stoppable {
  /** Makes `/readyz` answer 503; everything else is still served. */
  drain(): void;
  readonly server: Server & { closeIdleConnections(): void };
  close(): PromiseLike<unknown>;
}

/**
 * Handles SIGINT and SIGTERM from now on. Before, during the start, they end the process, which leaves nothing unfinished
 * behind. A second signal ends the process immediately.
 * @returns resolves at the first signal
 */
export function waitForStop(): Promise<void> {
  leaveSignalsToProgram();
  const { promise, resolve } = Promise.withResolvers<void>();
  let state: 'running' | 'stopping' | 'interruptible' = 'running';
  const onSignal = () => {
    if (state === 'interruptible') process.exit(exitCode.failure);
    if (state === 'stopping') return;
    state = 'stopping';
    setTimeout(() => {
      state = 'interruptible';
    }, DUPLICATE_SIGNAL_MS).unref();
    resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return promise;
}

/**
 * Keeps serving for `drainMs`, then finishes the requests in progress and closes everything. If they take too long, the
 * process ends without them.
 */
export async function stopGracefully(
  console: Console,
  app: Stoppable,
  drainMs: number,
): Promise<void> {
  const traffic = watchTraffic(app.server);
  app.drain();
  if (drainMs > 0) await sleep(drainMs);
  setTimeout(() => {
    console.fail(
      `Some requests did not finish within ${REQUEST_LIMIT_MS / 1000} seconds and were cut off.`,
    );
    process.exit(exitCode.failure);
  }, REQUEST_LIMIT_MS).unref();
  await stopListening(app.server, traffic);
  // Closes connections that finish their last request only now, and would be kept alive.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_INTERVAL_MS);
  await app.close();
  clearInterval(sweep);
}

/**
 * Stops accepting connections without losing any that clients have opened. If a connection is reset, a proxy must not
 * send its request to another server, unless it is a GET.
 */
async function stopListening(server: Server, traffic: Traffic): Promise<void> {
  await findQuietTurn(traffic);
  // The `close` of an HTTP server first goes through its connections, and meanwhile others would connect.
  Server.prototype.close.call(server);
  // The connections accepted last have not been read yet, and would be taken for idle.
  for (let waited = 0; waited < FIRST_REQUEST_LIMIT_MS; waited += FIRST_REQUEST_INTERVAL_MS) {
    await sleep(FIRST_REQUEST_INTERVAL_MS);
    if (traffic.silent.size === 0) return;
  }
}

/** What happens on a server from now on. */
interface Traffic {
  /** Counts connections, requests and responses. */
  events: number;
  /** Connections that have not sent a request yet. */
  readonly silent: Set<Socket>;
}

function watchTraffic(server: Server): Traffic {
  const traffic: Traffic = { events: 0, silent: new Set() };
  const count = () => {
    traffic.events += 1;
  };
  server.on('connection', (socket: Socket) => {
    count();
    traffic.silent.add(socket);
    socket.once('close', () => traffic.silent.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count();
    response.once('finish', count);
    traffic.silent.delete(socket);
  });
  return traffic;
}

/**
 * Waits for a turn of the event loop in which nothing happens. Connections that are still in the accept backlog when
 * listening ends are reset, so the server stops listening right after a turn that has emptied the backlog.
 */
async function findQuietTurn(traffic: Traffic): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const before = traffic.events;
    await new Promise(setImmediate);
    if (traffic.events === before) return;
  }
}
