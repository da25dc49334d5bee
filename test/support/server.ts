import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import { type AppOptions, createApp, type LatchkeyPluginOptions, latchkey } from 'latchkey/server';
import { recallContext } from '../../src/server/http/routes/route-context.ts';
import type { Latchkey } from '../../src/system/latchkey.ts';
import { TestClock } from './auth.ts';

export { sendBytes } from './raw-http.ts';

/** Where the tests' servers say they are; they listen elsewhere, on a free port. */
export const ISSUER = 'https://auth.example';
export const SECRET = 'kB7rXe2pQm9ZtLw4Yd0cNs6VhJf8GaUi';
export const PASSWORD = 'correct horse battery';

/** What a test wants to send; at most one of the bodies. */
export interface TestRequest {
  readonly method?: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>> | string;
  /** Sent as it is, with the content type among `headers`. */
  readonly body?: string | Uint8Array;
  /** For the Authorization header. */
  readonly token?: string;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body, where it is a JSON object; an empty object otherwise. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers, and a wrong look is a red test
  readonly body: Record<string, any>;
}

export interface TestServer {
  readonly app: FastifyInstance;
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly clock: TestClock;
  send(path: string, request?: TestRequest): Promise<TestAnswer>;
  /** Registers a user of the standard password and signs it in. */
  register(username: string, more?: Readonly<Record<string, unknown>>): Promise<TestAnswer>;
  login(username: string, password?: string): Promise<TestAnswer>;
  close(): Promise<void>;
}

const closers = new Set<() => Promise<void>>();
after(async () => {
  await Promise.all([...closers].map((close) => close()));
});

/** Cheap hashing, no environment, an in-memory database and a clock that stands still. */
export function testOptions(): LatchkeyPluginOptions & { clock: TestClock } {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-server-'));
  closers.add(async () => rmSync(dataDir, { recursive: true, force: true }));
  return {
    databaseUrl: 'sqlite::memory:',
    dataDir,
    secret: SECRET,
    issuer: ISSUER,
    hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
    env: {},
    envFile: false,
    clock: new TestClock(Date.now()),
  };
}

/** What the app's own code has no access to: keys, the revocation log, and the end of it all. */
export function internalsOf(app: FastifyInstance): Latchkey {
  return recallContext(app.latchkey).latchkey;
}

/** Starts the standalone server on a free port. It is closed when the tests of the file are over. */
export async function startServer(
  options: AppOptions & { clock?: TestClock } = {},
): Promise<TestServer> {
  const all = { ...testOptions(), logger: false, ...options };
  return listen(await createApp(all), all.clock);
}

/** Starts a host's app that has registered the plugin; `build` adds what is the host's. */
export async function startHost(
  options: LatchkeyPluginOptions & { clock?: TestClock },
  build: (app: FastifyInstance) => unknown,
  hostOptions: FastifyServerOptions & { before?: (app: FastifyInstance) => unknown } = {},
): Promise<TestServer> {
  const { before, ...fastifyOptions } = hostOptions;
  const all = { ...testOptions(), ...options };
  const app: FastifyInstance = Fastify({ forceCloseConnections: true, ...fastifyOptions });
  await before?.(app);
  await app.register(latchkey, all);
  await build(app);
  return listen(app, all.clock);
}

async function listen(app: FastifyInstance, clock: TestClock): Promise<TestServer> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const close = async () => {
    closers.delete(close);
    await app.close();
  };
  closers.add(close);
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const send = (path: string, request?: TestRequest) => sendTo(url + path, request);
  return {
    app,
    url,
    port,
    clock,
    send,
    register: (username, more) =>
      send('/auth/register', { json: { username, password: PASSWORD, ...more } }),
    login: (username, password = PASSWORD) => send('/auth/login', { json: { username, password } }),
    close,
  };
}

/** Sends one request to wherever. */
export async function sendTo(url: string, request: TestRequest = {}): Promise<TestAnswer> {
  const headers = new Headers(request.headers);
  let { body } = request;
  if (request.json !== undefined) {
    headers.set('content-type', 'application/json');
    body = JSON.stringify(request.json);
  }
  if (request.form !== undefined) {
    headers.set('content-type', 'application/x-www-form-urlencoded');
    const { form } = request;
    body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  }
  if (request.token !== undefined) headers.set('authorization', `Bearer ${request.token}`);
  if (request.cookies !== undefined) {
    const pairs = Object.entries(request.cookies).map(([name, value]) => `${name}=${value}`);
    headers.set('cookie', pairs.join('; '));
  }
  const response = await fetch(url, {
    method: request.method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parseObject(text) };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A cookie that an answer sets. */
export interface SetCookie {
  readonly value: string;
  readonly attributes: string[];
}

/** The cookies an answer sets, by name, without that of the device, which every sign-in sets. */
export function readCookies(answer: TestAnswer): Record<string, SetCookie> {
  return Object.fromEntries(listCookies(answer).filter(([name]) => !isOfDevice(name)));
}

/** The cookie of the device, with its name, if the answer sets it. */
export function readDevice(
  answer: TestAnswer,
): (SetCookie & { readonly name: string }) | undefined {
  const [found] = listCookies(answer).filter(([name]) => isOfDevice(name));
  return found && { name: found[0], ...found[1] };
}

const isOfDevice = (name: string) => name.includes('latchkey_device');

function listCookies(answer: TestAnswer): [string, SetCookie][] {
  return answer.headers.getSetCookie().map((header) => {
    const [pair = '', ...attributes] = header.split('; ');
    const [name = '', value = ''] = pair.split('=');
    return [name, { value, attributes }];
  });
}
