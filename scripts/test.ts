/**
 * `npm test`: the static checks, then every test.
 * `npm test -- jwt refresh`: only the test files whose path contains one of the words.
 * `npm test -- --test-name-pattern=…`: what starts with a dash goes to Node's test runner.
 * `TEST_MINUTES=90 npm test`: stops after 90 minutes instead of 45.
 */
import { createChecks, report, runChecks } from './steps.ts';
import { findTestFiles, runTests } from './test-run.ts';

const words = process.argv.slice(2);
const flags = words.filter((word) => word.startsWith('-'));
const patterns = words.filter((word) => !word.startsWith('-'));
const files = findTestFiles(patterns);

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

const { ok, seconds } = await runTests({ files, flags });
report('tests', ok, seconds);
for (const name of failed) console.log(`✖ ${name}: see the top`);
if (!ok || failed.length > 0) process.exitCode = 1;
