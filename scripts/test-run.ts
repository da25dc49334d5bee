import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Outcome, root, run, sourceCondition } from './steps.ts';

/** Minutes after which a run is stopped. Only what hangs takes this long, so a slow machine must not reach it. */
const DEFAULT_LIMIT_MINUTES = 45;
/** Milliseconds after which one test fails, unless the caller or `TEST_MINUTES` sets another limit for the whole run. */
const DEFAULT_TEST_LIMIT_MS = 15 * 60_000;
/** How many more test files run at the same time than there are cores: some wait for a process, a disk or a timer. */
const WAITING_FILES = 1;

export interface TestRun {
  /** Paths below the root. */
  readonly files: readonly string[];
  /** For Node's test runner. */
  readonly flags?: readonly string[];
  /** Variables for the tests, in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Minutes after which the run is stopped. Default: 45. `TEST_MINUTES` overrides it. */
  readonly limitMinutes?: number;
}

/** Finds the test files whose path contains any of the words; all of them where none is given. */
export function findTestFiles(words: readonly string[]): readonly string[] {
  return globSync('test/**/*.test.ts', { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .sort();
}

/** Runs test files, each in a process of its own. Says so when the limit ends the run. */
export async function runTests({
  files,
  flags = [],
  env,
  limitMinutes,
}: TestRun): Promise<Outcome> {
  const given = process.env['TEST_MINUTES'] ?? limitMinutes;
  const minutes = Number(given ?? DEFAULT_LIMIT_MINUTES);
  if (!(minutes > 0)) throw new Error('TEST_MINUTES must be a number of minutes above 0.');
  const testLimitMs = given === undefined ? DEFAULT_TEST_LIMIT_MS : minutes * 60_000;
  const runFolder = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
  const outcome = await run(
    {
      name: 'tests',
      command: [
        'node',
        sourceCondition,
        // Absolute, as the threads of a test that changes its working directory preload it too.
        `--import=${pathToFileURL(join(root, 'test/support/end.ts'))}`,
        '--test',
        `--test-concurrency=${availableParallelism() + WAITING_FILES}`,
        `--test-timeout=${testLimitMs}`,
        '--test-reporter=spec',
        ...flags,
        ...files,
      ],
    },
    'inherit',
    // The limit for one test does not apply to a file that never exits; this one does.
    { env: { ...createTestEnvironment(runFolder), ...env }, limitMs: minutes * 60_000 },
  );
  rmSync(runFolder, { recursive: true, force: true });
  if (outcome.limitReached) {
    console.log(
      [
        `✖ The limit of ${minutes} minutes for the whole run was reached, so it was stopped.`,
        '  The tests named as interrupted above were running. Test files that are reported as failed after them did not run.',
        '  If nothing hangs and the machine is slow, set a longer limit: TEST_MINUTES=90 npm test',
      ].join('\n'),
    );
  }
  return outcome;
}

/**
 * Tests must not depend on the settings of the shell that runs them. Settings of the tests themselves are
 * called TEST_…, as the servers that tests start refuse an unknown LATCHKEY_….
 */
function createTestEnvironment(runFolder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_'));
  return {
    // Each file is a process of its own, and would strip and compile the same sources again.
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/latchkey'),
    ...Object.fromEntries(kept),
    // Where the tests of one run leave what others of it can use.
    TEST_RUN_FOLDER: runFolder,
  };
}
