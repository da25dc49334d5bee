import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaveSignalsToProgram } from '../../kernel/process/first-process.ts';
import { exitCode } from '../shell/exit-code.ts';
import type { Console } from '../shell/terminal/console.ts';

/** ms that requests under way are given. */
const PATIENCE = 10_000;
/** ms within which a second signal is the first one's echo: a terminal and npm both send it on Ctrl-C. */
const ECHO = 500;
/** ms between two looks for connections that have nothing left to do. */
const SWEEP = 25;
/** Turns to wait for a quiet one. Under a load without pauses none may come. */
const TURNS = 2000;
/** ms after which whoever connected before listening ended is looked at; it may not have sent anything yet. */
const SETTLING = 50;
/** ms that it has for its request. */
const LONGEST_SETTLING = 1000;

/** What there is to stop: Fastify's app, as much of it as matters. */
interface Stoppable {
  /** From now on says that it is not ready, and serves all the same. */
  drain(): void;
  readonly server: Server & { closeIdleConnections(): void };
  close(): PromiseLike<unknown>;
}

/**
 * Listens for SIGINT and SIGTERM, which ended the process until now: a start that is interrupted leaves nothing
 * unfinished behind. The second one ends the process immediately.
 * @returns resolves at the first
 */
export function waitForStop(): Promise<void> {
  leaveSignalsToProgram();
  const { promise, resolve } = Promise.withResolvers<void>();
  let state: 'running' | 'told' | 'impatient' = 'running';
  const onSignal = () => {
    if (state === 'impatient') process.exit(exitCode.failure);
    if (state === 'told') return;
    state = 'told';
    setTimeout(() => {
      state = 'impatient';
    }, ECHO).unref();
    resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return promise;
}

/**
 * Serves for `drain` ms more, then finishes the requests under way and closes everything. What takes too
 * long is cut off, and the process ended.
 */
export async function stopGracefully(
  console: Console,
  app: Stoppable,
  drain: number,
): Promise<void> {
  const traffic = watchTraffic(app.server);
  app.drain();
  if (drain > 0) await sleep(drain);
  setTimeout(() => {
    console.fail(`Requests went on for ${PATIENCE / 1000} seconds; ended without them.`);
    process.exit(exitCode.failure);
  }, PATIENCE).unref();
  await stopListening(app.server, traffic);
  // A connection whose last request was under way when the rest were closed would be kept alive.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP);
  await app.close();
  clearInterval(sweep);
}

/**
 * Takes no more connections, and loses none that were made before: what a proxy has sent into a connection
 * that is reset, it must not send to another server unless it is a GET.
 */
async function stopListening(server: Server, traffic: Traffic): Promise<void> {
  await findQuietTurn(traffic);
  // Of a server for HTTP, `close` would first look through its connections: time in which others connect.
  Server.prototype.close.call(server);
  // What was accepted last has not been read yet, and would pass for idle.
  for (let waited = 0; waited < LONGEST_SETTLING; waited += SETTLING) {
    await sleep(SETTLING);
    if (traffic.silent.size === 0) return;
  }
}

/** What happens on a server from now on. */
interface Traffic {
  /** Goes up with every connection, request and answer. */
  events: number;
  /** Connections that have brought no request so far. */
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
 * Resolves right after connections were accepted: those that wait to be when listening ends are reset. A
 * turn of the event loop begins with accepting, so where nothing else came of it that has just been done.
 */
async function findQuietTurn(traffic: Traffic): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    const before = traffic.events;
    await new Promise(setImmediate);
    if (traffic.events === before) return;
  }
}
