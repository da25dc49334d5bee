/**
 * `npm test`: the static checks, then every test.
 * `npm test -- jwt refresh`: only the test files whose path contains one of the words.
 * `npm test -- --test-name-pattern=…`: what starts with a dash goes to Node's test runner.
 * `TEST_MINUTES=60 npm test`: leaves that long to all tests, where a setting makes one run long.
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createChecks, report, root, run, runChecks, sourceCondition } from './steps.ts';

/** What hangs is ended and named after this, instead of holding up everything; milliseconds. */
const longRun = process.env['TEST_MINUTES'];
const suiteLimit = Number(longRun ?? 10) * 60_000;
const testLimit = longRun === undefined ? 180_000 : suiteLimit;
if (!(suiteLimit > 0)) throw new Error('TEST_MINUTES must be a number of minutes above 0.');

const words = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith('-'));
const patterns = words.filter((word) => !word.startsWith('-'));
const files = globSync('test/**/*.test.ts', { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
  .sort();

if (files.length === 0) {
  console.error(`No file test/**/*.test.ts has a path with: ${patterns.join(' ') || '(anything)'}`);
  process.exit(1);
}

let failed: readonly string[] = [];
if (words.length === 0) {
  failed = await runChecks(createChecks());
} else {
  console.log('Only tests this time; `npm run check` runs the static checks.');
}

const { ok, seconds } = await run(
  {
    name: 'tests',
    command: [
      'node',
      sourceCondition,
      '--test',
      // Node leaves one core idle by default, which on two cores is half of them.
      `--test-concurrency=${Math.max(2, availableParallelism())}`,
      `--test-timeout=${testLimit}`,
      '--test-reporter=spec',
      ...flags,
      ...files,
    ],
  },
  'inherit',
  // The limit for one test does not hold for a file that never exits; this does.
  { env: createTestEnvironment(), limit: suiteLimit },
);
report('tests', ok, seconds);
for (const name of failed) console.log(`✖ ${name}: see the top`);
if (!ok || failed.length > 0) process.exitCode = 1;

/**
 * Tests must not depend on the settings of whoever runs them. Settings of the tests themselves are
 * called TEST_…, as the servers that tests start refuse a LATCHKEY_… they do not know.
 */
function createTestEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_'));
  return {
    // Each file is a process of its own, and would strip and compile the same sources anew.
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/latchkey'),
    ...Object.fromEntries(kept),
  };
}
