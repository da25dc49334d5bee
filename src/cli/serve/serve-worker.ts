/**
 * One of the processes of `latchkey serve --workers`. It serves and stops when the one that forked it
 * says so, and ends immediately when that one is gone.
 */
import type { StandaloneApp } from '../../server/app.ts';
import { describeFailure } from '../shell/describe-failure.ts';
import { endSoon } from '../shell/end-soon.ts';
import { exitCode } from '../shell/exit-code.ts';
import { Console } from '../shell/terminal/console.ts';
import { endOnFailure, readSurroundings } from '../shell/terminal/process-console.ts';
import { type ServePlan, startServing } from './serve-plan.ts';
import { stopGracefully } from './stop.ts';
import type { Order, Report } from './worker-messages.ts';

const console = new Console(readSurroundings());
endOnFailure(console, `worker ${process.pid}: `);

let app: StandaloneApp | undefined;

// A key pressed in a terminal, and some service managers, signal all processes at the same time. Only the one
// that forked this one knows when it is to stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.on('message', (order: Order) => {
  if ('serve' in order) void serve(order.serve);
  else void stop(order.stop.drain);
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

async function stop(drain: number): Promise<void> {
  // A start may be waiting for something. Nothing that it does is lost if it is cut off.
  if (app === undefined) process.exit(exitCode.ok);
  await stopGracefully(console, app, drain);
  end(exitCode.ok);
}

function end(code: number): void {
  process.exitCode ??= code;
  // Closing the channel, as `disconnect` does, would have Node.js end a worker with exit code 0.
  process.channel?.unref();
  endSoon();
}

function report(it: Report): void {
  if (process.connected) process.send?.(it);
}
