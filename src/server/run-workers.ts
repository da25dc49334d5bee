import cluster, { type Worker } from 'node:cluster';
import { backOffMs } from '../kernel/timing/back-off.ts';

/** A worker that served this long shows that the next one can, so the pauses start over. */
const STEADY_MS = 10_000;
const RESTART = { firstMs: 250, longestMs: 10_000 };

/**
 * Runs this program in several more processes, which share a port. The first worker starts alone, so that a start
 * that fails is reported once; this process then ends with the worker's exit code. Later, a worker that dies is
 * replaced, after a pause that doubles while replacements die early.
 */
export function runWorkers(count: number, onListening: (address: string) => void): void {
  let hasListened = false;
  let isStopping = false;
  let diedEarly = 0;
  const pauses = new Set<NodeJS.Timeout>();

  const start = () => {
    const worker = cluster.fork();
    let steady: NodeJS.Timeout | undefined;
    worker.once('listening', () => {
      steady = setTimeout(() => {
        diedEarly = 0;
      }, STEADY_MS).unref();
    });
    worker.once('exit', (code) => {
      clearTimeout(steady);
      if (isStopping) return;
      if (!hasListened) process.exit(code || 1);
      replace();
    });
  };
  const replace = () => {
    diedEarly += 1;
    const timer = setTimeout(
      () => {
        pauses.delete(timer);
        start();
      },
      backOffMs(diedEarly, RESTART),
    );
    pauses.add(timer);
  };

  cluster.once('listening', (_worker: Worker, { address, port }) => {
    hasListened = true;
    for (let others = 1; others < count; others++) start();
    const host = address.includes(':') ? `[${address}]` : address;
    onListening(`http://${host}:${port}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      isStopping = true;
      for (const timer of pauses) clearTimeout(timer);
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill(signal);
    });
  }
  start();
}
