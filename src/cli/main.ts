#!/usr/bin/env node
/**
 * The program `latchkey`. This file loads nothing of its own at first, so that a Node.js that is too old
 * reads far enough to say so.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const oldest = 24;

if (Number(process.versions.node.split('.', 1)[0]) < oldest) {
  console.error(
    `error: Latchkey needs Node.js ${oldest} or newer, and this is ${process.versions.node}.\n` +
      'Install a newer one from https://nodejs.org, or in a clone of the repository run: npm start',
  );
  process.exitCode = 1;
} else {
  // Sources must be stripped of their types at every start; built code gains nothing by a cache.
  if (import.meta.url.endsWith('.ts')) enableCompileCache();
  const { runProcess } = await import('./shell/process.ts');
  await runProcess();
}

/**
 * Not in the folder for temporary files, which is the default: there, other users of the machine could
 * lay out code for this one to run.
 */
function enableCompileCache(): void {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/latchkey', import.meta.url));
  // By the variable, worker threads have it too.
  process.env['NODE_COMPILE_CACHE'] ??= folder;
  module.enableCompileCache(folder);
}
