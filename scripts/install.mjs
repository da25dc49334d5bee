/**
 * Installs what package-lock.json names and node_modules lacks, then returns; a no-op of a few
 * milliseconds when nothing is missing. `npm start`, `npm test`, `npm run example` and `npm run
 * bench` run it first, under whatever Node.js the machine has, so this file is plain JavaScript
 * without dependencies and must keep working on Node 20.
 *
 *     node scripts/install.mjs            this package
 *     node scripts/install.mjs . bench    this package, then the one in bench/
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 24;
const STILL_WORKING_MS = 15_000;

/** @returns {Record<string, any> | undefined} */
function findJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Says what makes an install necessary, or undefined when none is. npm writes
 * node_modules/.package-lock.json last, so an install that was interrupted has none.
 * Contents are compared, not dates: a checkout or a copy changes dates at will.
 */
export function findReasonToInstall(folder) {
  const wanted = findJson(join(folder, 'package-lock.json'))?.packages;
  if (!wanted) throw new Error(`${join(folder, 'package-lock.json')} is missing or unreadable.`);
  if (!existsSync(join(folder, 'node_modules'))) return 'nothing is installed yet';
  const present = findJson(join(folder, 'node_modules/.package-lock.json'))?.packages;
  if (!present) return 'the last install was interrupted';
  for (const [path, { version, optional, devOptional, peer, link }] of Object.entries(wanted)) {
    // The root and link targets are sources, and optional packages of other platforms stay out.
    if (!path.includes('node_modules/')) continue;
    const installed = present[path];
    if (!installed) {
      if (optional || devOptional || peer) continue;
      return `${path.replace(/^.*node_modules\//, '')} is missing`;
    }
    if (!link && installed.version !== version) {
      return `${path.replace(/^.*node_modules\//, '')} is ${installed.version}, but ${version} is required`;
    }
  }
  return undefined;
}

/** Settings of the outer npm command that would make the inner one install elsewhere or less. */
function createChildEnvironment() {
  const env = { ...process.env, INSTALLING_LATCHKEY: '1' };
  for (const name of Object.keys(env)) {
    if (
      /^npm_config_(local_prefix|prefix|global|location|workspaces?|dry_run|package_lock_only)$/i.test(
        name,
      )
    ) {
      delete env[name];
    }
  }
  return env;
}

/** npm as it was called, under the machine's own Node: the one in node_modules is about to be replaced. */
function findNpm() {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  if (cli && /^npm(-cli)?\.c?js$/.test(basename(cli)) && existsSync(cli)) {
    return {
      command: node && existsSync(node) ? node : process.execPath,
      first: [cli],
      shell: false,
    };
  }
  return { command: 'npm', first: [], shell: process.platform === 'win32' };
}

/** Resolves to npm's exit code; says now and then that it is still at it, as npm is silent without a terminal. */
function runNpm(folder, args) {
  const { command, first, shell } = findNpm();
  return new Promise((done) => {
    const started = Date.now();
    const child = spawn(command, [...first, ...args], {
      cwd: folder,
      env: createChildEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit'],
      shell,
    });
    let stopped = false;
    const forward = (signal) => {
      stopped = true;
      child.kill(signal);
    };
    process.on('SIGINT', forward).on('SIGTERM', forward);
    const ticker = setInterval(() => {
      if (process.stderr.isTTY) return;
      console.error(
        `latchkey: still installing after ${Math.round((Date.now() - started) / 1000)} s`,
      );
    }, STILL_WORKING_MS);
    const finish = (code) => {
      clearInterval(ticker);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      done(code);
    };
    child.on('error', (error) => {
      console.error(`latchkey: npm could not be run: ${error.message}`);
      finish(127);
    });
    child.on('exit', (code, signal) => finish(stopped || signal ? 'stopped' : (code ?? 1)));
  });
}

async function install(folder, name) {
  const reason = findReasonToInstall(folder);
  if (reason === undefined) return true;
  const what = name === '.' ? 'Latchkey needs, about 600 MB at first' : `${name} needs`;
  console.error(`latchkey: installing what ${what} (${reason})`);
  const started = Date.now();
  // Production settings must not leave out the tools the scripts run with.
  const shared = [
    '--include=dev',
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    // The warnings would be about the machine's Node, which runs nothing but this install.
    '--loglevel=error',
  ];
  let code = await runNpm(folder, ['ci', ...shared]);
  if (code !== 0 && code !== 'stopped' && code !== 127) {
    console.error(
      'latchkey: `npm ci` failed; trying `npm install`, which leaves the lock file as it is',
    );
    code = await runNpm(folder, ['install', '--no-save', ...shared]);
  }
  if (code === 'stopped') return false;
  if (code !== 0 || findReasonToInstall(folder) !== undefined) {
    console.error(
      [
        '',
        `latchkey: the install failed; npm's own words are above. What usually helps:`,
        '  - no connection, or a proxy in between: `npm ping` must answer',
        '  - package.json was edited: `npm install` brings package-lock.json up to date',
        `  - a broken node_modules: delete ${join(folder, 'node_modules')} and try again`,
      ].join('\n'),
    );
    return false;
  }
  console.error(`latchkey: installed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return true;
}

/** The scripts run on the Node that comes as a dependency; an install without scripts lacks its binary. */
function hasFittingNode(folder, justInstalled) {
  const binary = join(
    folder,
    'node_modules/node/bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(binary)) {
    if (!justInstalled) return true;
    const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
    if (status === 0 && Number.parseInt(stdout.slice(1), 10) >= OLDEST_NODE) return true;
  }
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_NODE) return true;
  console.error(
    [
      `latchkey: this needs Node.js ${OLDEST_NODE} or newer, but runs on ${process.version}.`,
      'Latchkey brings its own as the package `node`, but its binary is not there or does not run',
      '(was it installed with `ignore-scripts`, or by hand for another system?). Either run',
      '  npm rebuild node --ignore-scripts=false',
      `or install Node.js ${OLDEST_NODE} or newer on this machine: https://nodejs.org`,
    ].join('\n'),
  );
  return false;
}

/**
 * The scripts of package.json begin with the shell's `exec`: a shell that stays in between would
 * take npm's SIGTERM for itself and leave the server running. Windows' shell has no such word.
 */
function provideExec(root) {
  const file = join(root, 'node_modules/.bin/exec.cmd');
  if (process.platform === 'win32' && !existsSync(file)) writeFileSync(file, '@%*\r\n');
}

async function main() {
  // npm runs no script of this package while it installs; should one be added, it ends here.
  if (process.env.INSTALLING_LATCHKEY) return;
  const root = resolve(fileURLToPath(import.meta.url), '../..');
  const names = process.argv.length > 2 ? process.argv.slice(2) : ['.'];
  const missing = names.some((name) => findReasonToInstall(join(root, name)) !== undefined);
  for (const name of names) {
    if (!(await install(join(root, name), name))) process.exit(1);
  }
  provideExec(root);
  if (!hasFittingNode(root, missing)) process.exit(1);
}

try {
  await main();
} catch (error) {
  console.error(`latchkey: ${error.message}`);
  process.exitCode = 1;
}
