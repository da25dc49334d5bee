/**
 * Finds the file that a worker thread or process runs. From the sources that is the TypeScript file. Once built, it is
 * the JavaScript file beside the chunk that asks: the build puts both into one folder, and does not change URLs.
 *
 * ```ts
 * const workerFile = findWorkerFile(new URL('./worker.ts', import.meta.url));
 * ```
 */
export function findWorkerFile(source: URL): URL {
  return import.meta.url.endsWith('.ts') ? source : new URL(source.href.replace(/\.ts$/, '.js'));
}
