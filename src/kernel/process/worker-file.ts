/**
 * Finds the file that a worker thread or process runs. From the sources that is the TypeScript file. Once built, it is
 * the JavaScript file in its place: the build rewrites the ending in imports, and not in URLs.
 *
 * ```ts
 * const workerFile = findWorkerFile(new URL('./worker.ts', import.meta.url));
 * ```
 */
export function findWorkerFile(source: URL): URL {
  return import.meta.url.endsWith('.ts') ? source : new URL(source.href.replace(/\.ts$/, '.js'));
}
