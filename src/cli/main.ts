#!/usr/bin/env node
/**
 * The program `latchkey`. This file loads nothing of its own at first, so that a Node.js that is too old
 * reads far enough to say so.
 */
import module from 'node:module';

const oldest = 24;

if (Number(process.versions.node.split('.', 1)[0]) < oldest) {
  console.error(
    `error: Latchkey needs Node.js ${oldest} or newer, and this is ${process.versions.node}.\n` +
      'Install a newer one from https://nodejs.org, or in a clone of the repository run: npm start',
  );
  process.exitCode = 1;
} else {
  module.enableCompileCache();
  const { runProcess } = await import('./process.ts');
  await runProcess();
}
