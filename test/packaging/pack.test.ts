import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findAbsentBinaries, type Lock } from '../../scripts/packaging/lock-file.ts';
import { compileConsumer, expressHost, fastifyHost, ownClaims } from './consumers.ts';
import { outsideNpm, runCommand } from './run-command.ts';

const root = join(import.meta.dirname, '../..');

suite('the lock file', () => {
  const lock: Lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

  test('names no registry', () => {
    const named = Object.entries(lock.packages).filter(
      ([, { resolved }]) => resolved !== undefined,
    );
    assert.deepEqual(named, []);
  });

  test('has the binaries of every platform, or npm ci refuses it', () => {
    const absent = findAbsentBinaries(lock).map(({ path }) => path);
    assert.deepEqual(absent, [], 'run `npm run lock`');
  });
});

/** The packages without dependencies. */
const alone = ['guard', 'client'] as const;

suite('the packed tarballs', () => {
  let folder = '';
  /** A project that has the tarball installed and nothing else. */
  let project = '';
  /** A project with the oldest Fastify that Latchkey supports. */
  let olderHost = '';
  /** A project with the guard, Hono, and Express 4. */
  let mixed = '';
  let tarball = '';
  let files: readonly string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-pack-'));
    // A copy, so that building leaves the checkout as it is.
    const copy = join(folder, 'package');
    const left = new Set(['node_modules', '.git', 'dist', 'data', 'coverage', '.env']);
    await cp(root, copy, {
      recursive: true,
      filter: (path) => !left.has(path.slice(root.length + 1)) && !path.endsWith('node_modules'),
    });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
    await runCommand('npm', ['pack', '--pack-destination', folder], copy);

    // What they hold was built together with the other.
    const others = alone.map((name) => `./packages/${name}`);
    await runCommand(
      'npm',
      ['pack', ...others, '--ignore-scripts', '--pack-destination', folder],
      copy,
    );
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    tarball = join(folder, `latchkey-${version}.tgz`);
    files = (await runCommand('tar', ['-tzf', tarball], folder)).trim().split('\n');

    /** Makes a project in which npm installs the packages. */
    const install = async (name: string, ...packages: readonly string[]) => {
      const user = join(folder, name);
      await mkdir(user);
      await writeFile(join(user, 'package.json'), '{"private":true,"type":"module"}');
      const flags = ['--install-links', '--no-audit', '--no-fund', '--loglevel=error'];
      await runCommand('npm', ['install', ...flags, '--prefer-offline', ...packages], user);
      return user;
    };
    const packed = (name: string) => join(folder, `latchkey-${name}-${version}.tgz`);
    const own = (name: string) => join(root, 'node_modules', name);
    project = await install('project', tarball);
    for (const name of alone) await install(name, packed(name));
    olderHost = await install('older-host', own('fastify-oldest'), tarball);
    mixed = await install('mixed', own('express-oldest'), own('hono'), packed('guard'));
  });

  after(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('contains the published files and nothing else', () => {
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'];
    for (const file of documents) assert.ok(files.includes(`package/${file}`), `lacks ${file}`);
    const others = files.filter((file) => !file.startsWith('package/dist/'));
    assert.deepEqual(
      others.sort(),
      documents.map((file) => `package/${file}`),
    );
    const strange = files.filter((file) => /\/dist\/.*(?<!\.js|\.js\.map|\.d\.ts)$/.test(file));
    assert.deepEqual(strange, []);
    assert.deepEqual(
      files.filter((file) => file.includes('.test.')),
      [],
    );
  });

  test('has every file that exports and bin name, declarations too', async () => {
    const { exports, bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    for (const targets of Object.values<Record<string, string> | string>(exports)) {
      for (const [condition, target] of Object.entries(
        typeof targets === 'string' ? { default: targets } : targets,
      )) {
        if (condition === 'latchkey-source') continue;
        assert.ok(files.includes(target.replace('./', 'package/')), `lacks ${target}`);
      }
    }
    assert.ok(files.includes(bin.latchkey.replace('./', 'package/')));
  });

  test('has an executable command with a first line that finds Node', async () => {
    const listing = await runCommand('tar', ['-tvzf', tarball], folder);
    assert.match(listing, /^-rwxr-xr-x .* package\/dist\/cli\/main\.js$/m);
    const installed = join(project, 'node_modules/latchkey/dist/cli/main.js');
    assert.ok(statSync(installed).mode & 0o100);
    assert.match(await readFile(installed, 'utf8'), /^#!\/usr\/bin\/env node\n/);
  });

  test('installs a command that prints help', async () => {
    const output = await runCommand('npx', ['--no-install', 'latchkey', '--help'], project);
    assert.match(output, /serve/);
    assert.match(output, /users/);
  });

  test('says what is needed on a Node that is too old', async () => {
    const old = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})`;
    const command = join(project, 'node_modules/latchkey/dist/cli/main.js');
    await assert.rejects(
      runCommand(process.execPath, ['--import', old, command, '--help'], project),
      /Node(\.js)? 24/,
    );
  });

  test('serves, answers and ends cleanly', { timeout: 60_000 }, async () => {
    const port = await findFreePort();
    const command = join(project, 'node_modules/latchkey/dist/cli/main.js');
    const server = spawn(process.execPath, [command, 'serve', '--workers', '2'], {
      cwd: project,
      env: {
        ...outsideNpm(),
        LATCHKEY_HOST: '127.0.0.1',
        LATCHKEY_PORT: String(port),
        LATCHKEY_DATA_DIR: join(project, 'data'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      await waitForOutput(server, /http:\/\/127\.0\.0\.1:/);
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
      assert.equal(answer.status, 200);
      const registration = await fetch(`http://127.0.0.1:${port}/auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'jane', password: 'password1234' }),
      });
      assert.match(await registration.text(), /password_common/);
      server.kill('SIGTERM');
      assert.deepEqual(await once(server, 'exit'), [0, null]);
    } finally {
      server.kill('SIGKILL');
    }
  });

  test('says what to install where a package manager left Fastify out', async () => {
    const modules = join(olderHost, 'node_modules');
    const command = join(modules, 'latchkey/dist/cli/main.js');
    await rename(join(modules, 'fastify'), join(modules, 'elsewhere'));
    try {
      await assert.rejects(
        runCommand(process.execPath, [command, 'serve', '--port', '0'], olderHost),
        /needs Fastify.*npm install fastify/,
      );
    } finally {
      await rename(join(modules, 'elsewhere'), join(modules, 'fastify'));
    }
  });

  test('can be imported', async () => {
    const modules = ['server', 'guard', 'guard/fastify', 'guard/hono', 'guard/express', 'testing'];
    for (const name of modules) {
      const script = `const all = await import('latchkey/${name}'); console.log(Object.keys(all).length > 0);`;
      const args = ['--input-type=module', '-e', script];
      assert.match(await runCommand(process.execPath, args, project), /true/, name);
    }
  });

  for (const name of alone) {
    test(`@latchkey/${name} installs without other packages`, async () => {
      const modules = join(folder, name, 'node_modules');
      const installed = (await readdir(modules)).filter((it) => !it.startsWith('.'));
      assert.deepEqual(installed, ['@latchkey']);
      assert.deepEqual(await readdir(join(modules, '@latchkey')), [name]);
      const holder = join(modules, '@latchkey', name);
      const manifest = JSON.parse(await readFile(join(holder, 'package.json'), 'utf8'));
      const { version, license, engines } = JSON.parse(
        await readFile(join(root, 'package.json'), 'utf8'),
      );
      assert.deepEqual([manifest.version, manifest.license], [version, license]);
      if (name === 'guard') assert.deepEqual(manifest.engines, engines);
      assert.equal(manifest.dependencies, undefined);
      assert.deepEqual((await readdir(holder)).sort(), [
        'LICENSE',
        'README.md',
        'dist',
        'package.json',
      ]);
    });
  }

  test('@latchkey/guard protects a project that installs it and Hono', async () => {
    const user = join(folder, 'guard');
    const hono = join(user, 'node_modules/hono');
    await symlink(join(root, 'node_modules/hono'), hono, 'dir');
    const script = `
      import { createTestIssuer } from '@latchkey/guard/testing';
      import { requireUser } from '@latchkey/guard/hono';
      import * as express from '@latchkey/guard/express';
      import * as fastify from '@latchkey/guard/fastify';
      import { createGuard } from '@latchkey/guard';
      import { Hono } from 'hono';
      const issuer = createTestIssuer();
      const app = new Hono().get('/hello', requireUser(issuer.guard), (c) => c.text(c.var.user.sub));
      const { headers, user } = issuer.signInAs();
      const [without, signedIn] = [await app.request('/hello'), await app.request('/hello', { headers })];
      console.log(without.status, (await without.json()).code, signedIn.status);
      console.log(typeof createGuard, typeof express.requireUser, typeof fastify.latchkeyGuard);`;
    const output = await runCommand(process.execPath, ['--input-type=module', '-e', script], user);
    assert.equal(output, '401 token_missing 200\nfunction function function\n');
    await rm(hono);
  });

  test('@latchkey/client reads a refusal', async () => {
    const script = `
      import { readProblem } from '@latchkey/client';
      const problem = await readProblem(Response.json({ code: 'a', detail: 'b' }, { status: 401 }));
      console.log(problem.code, problem.message);`;
    const args = ['--input-type=module', '-e', script];
    assert.equal(await runCommand(process.execPath, args, join(folder, 'client')), 'a b\n');
  });

  test("uses the app's own Fastify, and its types, from the oldest version on", async () => {
    const { version } = await readManifest(join(root, 'node_modules/fastify-oldest'));
    const { peerDependencies } = await readManifest(join(project, 'node_modules/latchkey'));
    assert.equal(peerDependencies['fastify'], `^${version}`);
    const installed = await readdir(join(olderHost, 'node_modules'), { recursive: true });
    const copies = installed.filter((path) => /(?:^|node_modules\/)fastify$/.test(path));
    assert.deepEqual(copies, ['fastify']);
    assert.equal((await readManifest(join(olderHost, 'node_modules/fastify'))).version, version);

    await compileConsumer(olderHost, ['latchkey/server'], fastifyHost);
    await rm(join(olderHost, 'tsconfig.json'));
    const output = await runCommand(process.execPath, ['consumer.ts'], olderHost);
    assert.equal(output, `${version} 401 200 jane 200\n`);
  });

  test('@latchkey/guard installs beside Express 4, and works with it', async () => {
    const { version } = await readManifest(join(mixed, 'node_modules/express'));
    assert.match(version, /^4\./);
    const types = join(mixed, 'node_modules/@types');
    await mkdir(types);
    const express = join(root, 'node_modules/express-oldest-types');
    for (const [name, target] of [
      ['express', express],
      ['express-serve-static-core', join(express, 'node_modules/@types/express-serve-static-core')],
      ['qs', join(root, 'node_modules/@types/qs')],
    ] as const) {
      await symlink(target, join(types, name), 'dir');
    }
    await compileConsumer(mixed, ['@latchkey/guard/hono'], expressHost);
    await rm(join(mixed, 'tsconfig.json'));
    const output = await runCommand(process.execPath, ['consumer.ts'], mixed);
    assert.equal(output, '401 200 test-user\n');
  });

  test('hides what is not exported', async () => {
    const script = `await import('latchkey/dist/errors.js')`;
    await assert.rejects(
      runCommand(process.execPath, ['--input-type=module', '-e', script], project),
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    );
  });

  test('has declarations that a strict consumer compiles', async () => {
    const modules = ['server', 'guard', 'guard/fastify', 'testing'];
    await compileConsumer(
      project,
      modules.map((name) => `latchkey/${name}`),
      ownClaims,
    );
  });

  test('@latchkey/guard and @latchkey/client have such declarations too', async () => {
    const scope = join(folder, 'guard/node_modules/@latchkey');
    await symlink(join(folder, 'client/node_modules/@latchkey/client'), join(scope, 'client'));
    await symlink(join(root, 'node_modules/fastify'), join(scope, '../fastify'), 'dir');
    const modules = ['guard', 'guard/fastify', 'guard/testing', 'client'];
    await compileConsumer(
      join(folder, 'guard'),
      modules.map((name) => `@latchkey/${name}`),
    );
  });
});

async function readManifest(folder: string) {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
}

/** The port is free again when this answers; the server under test takes no port 0. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  server.close();
  await once(server, 'close');
  return address.port;
}

function waitForOutput(child: ChildProcess, expected: RegExp): Promise<void> {
  return new Promise((done, fail) => {
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      if (expected.test(output)) done();
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`ended with ${code}: ${output}`)));
  });
}
