#!/usr/bin/env node
/**
 * The program `latchkey`. This file imports no other at first, so that an old Node.js can run it and print which
 * version is needed.
 */
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;

if (Number(process.versions.node.split('.', 1)[0]) < OLDEST_NODE) {
  console.error(
    `error: Latchkey needs Node.js ${OLDEST_NODE} or newer, and this is ${process.versions.node}.\n` +
      'Install a newer one from https://nodejs.org, or in a clone of the repository run: npm start',
  );
  process.exitCode = 1;
} else {
  // Node.js strips the types from sources at every start, which the cache saves. Built code gains nothing.
  if (import.meta.url.endsWith('.ts')) enableCompileCache();
  const { runProcess } = await import('./run.ts');
  await runProcess();
}

/**
 * Keeps compiled code in node_modules. In the default place, the folder for temporary files, other users of the machine
 * could plant code for this process to run.
 */
function enableCompileCache(): void {
  const folder = fileURLToPath(new URL('../../node_modules/.cache/latchkey', import.meta.url));
  // The variable enables the cache in worker threads too.
  process.env['NODE_COMPILE_CACHE'] ??= folder;
  module.enableCompileCache(folder);
}
