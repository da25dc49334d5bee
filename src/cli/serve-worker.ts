/**
 * One of the processes of `latchkey serve --workers`. It serves and stops when the one that forked it
 * says so, and ends at once when that one is gone.
 */
import type { StandaloneApp } from '../server/app.ts';
import { Console } from './console.ts';
import type { Order, Report } from './crew.ts';
import { exitCode } from './exit-code.ts';
import { endOnFailure, readSurroundings } from './process-console.ts';
import { describeFailure } from './run.ts';
import { type ServePlan, startServing } from './serve-plan.ts';
import { stopGracefully } from './stop.ts';

const console = new Console(readSurroundings());
endOnFailure(console, `worker ${process.pid}: `);

let serving: Promise<StandaloneApp> | undefined;
let drain = 0;

// A key pressed in a terminal, and some service managers, signal all processes at once. Only the one
// that forked this one knows when it is to stop.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.on('message', (order: Order) => {
  if ('serve' in order) void serve(order.serve);
  else void stop();
});

async function serve(plan: ServePlan): Promise<void> {
  drain = plan.drain;
  serving = startServing(plan);
  try {
    await serving;
    report({ listening: true });
  } catch (error) {
    const { message, code } = describeFailure(error);
    report({ failure: { message, code } });
    process.exitCode = code;
    process.disconnect?.();
  }
}

async function stop(): Promise<void> {
  const app = await serving?.catch(() => undefined);
  if (app !== undefined) await stopGracefully(console, app, drain);
  process.exitCode ??= exitCode.ok;
  if (process.connected) process.disconnect?.();
}

function report(it: Report): void {
  if (process.connected) process.send?.(it);
}
