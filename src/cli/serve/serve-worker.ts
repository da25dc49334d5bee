/**
 * One of the processes of `latchkey serve --workers`. It serves and stops when its supervisor tells it to, and ends
 * immediately when the supervisor is gone.
 */
import type { StandaloneApp } from '../../server/app.ts';
import { describeFailure } from '../shell/describe-failure.ts';
import { exitCode } from '../shell/exit-code.ts';
import { Console } from '../shell/terminal/console.ts';
import { endOnFailure, endSoon, readProcessIo } from '../shell/this-process.ts';
import { type ServePlan, startServing } from './serve-plan.ts';
import { stopGracefully } from './stop.ts';
import type { Order, Report } from './worker-messages.ts';

const console = new Console(readProcessIo());
endOnFailure(console, `worker ${process.pid}: `);

let app: StandaloneApp | undefined;

// Ctrl-C in a terminal, and some service managers, signal all processes at the same time. Only the supervisor decides
// when a worker stops.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.on('message', (order: Order) => {
  if ('serve' in order) void serve(order.serve);
  else void stop(order.stop.drainMs);
});

async function serve(plan: ServePlan): Promise<void> {
  const onWait = (text: string) => console.note(`worker ${process.pid}: ${text}`);
  try {
    app = await startServing(plan, { onWait });
    report({ listening: true });
  } catch (error) {
    const { message, code } = describeFailure(error);
    report({ failure: { message, code } });
    end(code);
  }
}

async function stop(drainMs: number): Promise<void> {
  // The start may still be waiting for something. It can be cut off without loss.
  if (app === undefined) process.exit(exitCode.ok);
  await stopGracefully(console, app, drainMs);
  end(exitCode.ok);
}

function end(code: number): void {
  process.exitCode ??= code;
  // After `disconnect`, which closes the channel, Node.js would end a worker with exit code 0.
  process.channel?.unref();
  endSoon();
}

function report(it: Report): void {
  if (process.connected) process.send?.(it);
}
