import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { styleText } from 'node:util';

export const root = join(import.meta.dirname, '..');

/** Resolves `latchkey/…` to the sources instead of dist; see `exports` in package.json. */
export const sourceCondition = '--conditions=latchkey-source';

export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** The static checks. Each stands alone, so they run side by side. */
export function createChecks(): readonly Step[] {
  const checks: Step[] = [
    { name: 'lint and format', command: ['biome', 'ci', '--colors=off'] },
    { name: 'types', command: ['tsc', '-p', '.'] },
    // With the types of a browser alone, what only Node.js has does not compile.
    { name: 'types of the client', command: ['tsc', '-p', 'src/client'] },
    { name: 'layers', command: ['node', 'scripts/check-layers.ts'] },
    { name: 'words', command: ['node', 'scripts/check-words.ts'] },
    { name: 'dead code', command: ['knip', '--no-progress'] },
  ];
  // The peers that bench compares with are installed by `npm run bench` alone.
  if (existsSync(join(root, 'bench/node_modules'))) {
    checks.push({ name: 'types of bench', command: ['tsc', '-p', 'bench'] });
  }
  return checks;
}

/** Runs all of them and prints each one's result when it is there; answers the names of those that failed. */
export async function runChecks(checks: readonly Step[]): Promise<readonly string[]> {
  const results = await Promise.all(
    checks.map(async (step) => {
      const { ok, output, seconds } = await run(step, 'pipe');
      report(step.name, ok, seconds);
      if (!ok) console.log(output.trim().replaceAll(/^/gm, '  '));
      return { name: step.name, ok };
    }),
  );
  return results.filter(({ ok }) => !ok).map(({ name }) => name);
}

export function report(name: string, ok: boolean, seconds: number): void {
  const mark = ok ? styleText('green', '✔') : styleText('red', '✖');
  console.log(`${mark} ${name} ${styleText('gray', `(${seconds.toFixed(1)} s)`)}`);
}

export interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
  /** Whether it was interrupted because it took longer than the limit. */
  readonly limitReached: boolean;
}

export interface RunOptions {
  /** Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long the command may run before it is interrupted as if by Ctrl+C. Default: no limit. */
  readonly limitMs?: number;
}

/** Runs one command from the root, where the tools of node_modules come first. */
export function run(
  { command: [name, ...args] }: Step,
  output: 'pipe' | 'inherit',
  { env = process.env, limitMs }: RunOptions = {},
): Promise<Outcome> {
  const path = [join(root, 'node_modules/.bin'), env['PATH'] ?? env['Path'] ?? ''].join(delimiter);
  const started = Date.now();
  return new Promise((done) => {
    const child = spawn(name === 'node' ? process.execPath : name, args, {
      cwd: root,
      env: { ...env, PATH: path },
      stdio: ['ignore', output, output],
      shell: process.platform === 'win32' && name !== 'node',
    });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    process.on('SIGINT', forward).on('SIGTERM', forward);
    const texts: string[] = [];
    let limitReached = false;
    const interrupt = () => {
      limitReached = true;
      child.kill('SIGINT');
    };
    const timer = limitMs === undefined ? undefined : setTimeout(interrupt, limitMs);
    const finish = (ok: boolean) => {
      clearTimeout(timer);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      done({ ok, output: texts.join(''), seconds: (Date.now() - started) / 1000, limitReached });
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => texts.push(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => texts.push(text));
    child.on('error', (error) => {
      texts.push(`${name} could not be run: ${error.message}`);
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}
