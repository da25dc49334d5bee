/** Which contenders are compared. Each section has its own processes, which end with it. */
import { type Child, startChild } from '../lib/child.ts';
import { type Algorithm, createKeys, type Keys } from '../lib/data/keys.ts';
import { createAccessTokens } from '../lib/data/signed-in.ts';
import type { Route } from '../lib/routes.ts';
import { createRequest } from '../load/request.ts';
import { type Python, startFastApi } from '../servers/fastapi-server.ts';
import type {
  Framework,
  FrameworkSetup,
  FrameworkStarted,
  Protection,
} from '../servers/frameworks/protection.ts';
import type { CpuTime, ServerQuestion } from '../servers/server-process.ts';

export const algorithms: readonly Algorithm[] = ['HS256', 'ES256', 'RS256', 'EdDSA'];
const ISSUER = 'http://127.0.0.1:8000';

/** Shows what the framework itself takes for any guard. */
export const EMPTY_GUARD = 'a guard that only passes';

/** Shows what the framework takes for the header of any guard that reads it. */
export const READING_GUARD = 'a guard that only reads the header';

/** A reference only helps to interpret the others. */
export type Role = 'bare' | 'reference' | 'own' | 'peer';

export interface Contender extends Route {
  readonly role: Role;
  /** The name of the bare route that it is compared with; its own if it is the bare route. */
  readonly base: string;
  /** For a peer: the contender of ours that it is compared with. */
  readonly own?: string;
  /** Whether it is in the picture, which has room for few. */
  readonly drawn: boolean;
  stop(): void;
}

export interface Section {
  readonly title: string;
  start(): Promise<readonly Contender[]>;
}

/** The tokens of one algorithm, and the keys they were signed with. */
export interface Signed {
  readonly keys: Keys;
  readonly tokens: readonly string[];
}

export async function createSigned(users: number): Promise<ReadonlyMap<Algorithm, Signed>> {
  const signed = new Map<Algorithm, Signed>();
  for (const algorithm of algorithms) {
    const keys = createKeys(algorithm);
    signed.set(algorithm, { keys, tokens: await createAccessTokens(keys, ISSUER, users) });
  }
  return signed;
}

interface Peer {
  readonly name: string;
  readonly algorithms: readonly Algorithm[];
}

const peers: Readonly<Record<Framework, Peer>> = {
  fastify: { name: '@fastify/jwt', algorithms },
  hono: { name: 'hono/jwt', algorithms },
  // It is built on jsonwebtoken, which does not support EdDSA.
  express: { name: 'passport-jwt', algorithms: algorithms.filter((it) => it !== 'EdDSA') },
};

/** One framework: the bare route, ours and the peer's with each algorithm. */
export function createFrameworkSection(
  title: string,
  framework: Framework,
  signed: ReadonlyMap<Algorithm, Signed>,
): Section {
  return {
    title,
    async start() {
      const peer = peers[framework];
      const [bare, again, passing, reading, ...guarded] = await Promise.all([
        start(framework, { by: 'nothing' }),
        start(framework, { by: 'nothing' }),
        start(framework, { by: 'passing' }),
        start(framework, { by: 'reading' }),
        ...[...signed].map(async ([algorithm, { keys, tokens }]) => ({
          algorithm,
          requests: tokens.map((token) => createBearerRequest(token)),
          own: await start(framework, { by: 'latchkey', keys, issuer: ISSUER }),
          other: peer.algorithms.includes(algorithm)
            ? await start(framework, { by: 'peer', keys })
            : undefined,
        })),
      ]);
      return guarded.flatMap(({ algorithm, requests, own, other }, index): Contender[] => {
        const base = `bare, ${algorithm}`;
        const ownName = `latchkey/guard/${framework}, ${algorithm}`;
        const common = { base, requests, drawn: index === 0 };
        const contenders: Contender[] = [
          { ...bare, ...common, name: base, role: 'bare' },
          { ...own, ...common, name: ownName, role: 'own' },
        ];
        if (other !== undefined) {
          const name = `${peer.name}, ${algorithm}`;
          contenders.push({ ...other, ...common, name, role: 'peer', own: ownName });
        }
        // These do not depend on the algorithm, so one is enough.
        if (index === 0) {
          const reference = { base, requests, drawn: false, role: 'reference' as const };
          contenders.push(
            { ...passing, ...reference, name: `${EMPTY_GUARD}, ${algorithm}` },
            { ...reading, ...reference, name: `${READING_GUARD}, ${algorithm}` },
            { ...again, ...reference, name: `bare again, ${algorithm}` },
          );
        }
        return contenders;
      });
    },
  };
}

/** Browser sessions: each contender gets the cookies that it set. */
export function createCookieSection({ keys, tokens }: Signed): Section {
  return {
    title: 'Signed in by cookie, in Hono',
    async start() {
      const users = tokens.length;
      const [bare, own, stored, cached] = await Promise.all([
        start('hono', { by: 'nothing' }),
        start('hono', { by: 'latchkey', keys, issuer: ISSUER }),
        start('hono', { by: 'better-auth', users, cookieCache: false }),
        start('hono', { by: 'better-auth', users, cookieCache: true }),
      ]);
      const requests = tokens.map((token) => createCookieRequest(`latchkey_access=${token}`));
      const ownName = `latchkey/guard/hono, ${keys.algorithm}`;
      const common = { base: 'bare', drawn: true };
      return [
        { ...bare, ...common, name: common.base, role: 'bare', requests },
        { ...own, ...common, name: ownName, role: 'own', requests },
        ...[
          { ...stored, name: 'better-auth' },
          { ...cached, name: 'better-auth with its cookie cache' },
        ].map(({ cookies, ...it }) => ({
          ...it,
          ...common,
          role: 'peer' as const,
          own: ownName,
          requests: cookies.map(createCookieRequest),
        })),
      ];
    },
  };
}

/** Two whole systems. */
export function createPythonSection({ keys, tokens }: Signed, python: Python): Section {
  return {
    title: 'Beside FastAPI on uvicorn',
    async start() {
      const [bare, own, fastApi] = await Promise.all([
        start('fastify', { by: 'nothing' }),
        start('fastify', { by: 'latchkey', keys, issuer: ISSUER }),
        startFastApi(python),
      ]);
      const requests = tokens.map((token) => createBearerRequest(token));
      const [base, otherBase] = ['Fastify, bare', 'FastAPI, bare'];
      const ownName = `latchkey/guard/fastify, ${keys.algorithm}`;
      return [
        { ...bare, name: base, role: 'bare', base, drawn: true, requests },
        { ...own, name: ownName, role: 'own', base, drawn: true, requests },
        {
          ...fastApi,
          name: otherBase,
          role: 'bare',
          base: otherBase,
          drawn: true,
          requests: [createBearerRequest(fastApi.accessToken, '/bare')],
        },
        {
          ...fastApi,
          name: 'FastAPI, PyJWT, HS256',
          role: 'peer',
          base: otherBase,
          own: ownName,
          drawn: true,
          requests: [createBearerRequest(fastApi.accessToken)],
        },
      ];
    },
  };
}

function createBearerRequest(token: string, path = '/protected'): string {
  return createRequest('GET', path, { authorization: `Bearer ${token}` });
}

function createCookieRequest(cookie: string): string {
  return createRequest('GET', '/protected', { cookie });
}

async function start(framework: Framework, protection: Protection) {
  const server: Child<ServerQuestion<FrameworkSetup>, FrameworkStarted & CpuTime> = startChild(
    new URL('../servers/framework-server.ts', import.meta.url),
  );
  const { port, cookies = [] } = await server.ask({ start: { framework, protection } });
  return {
    port,
    cookies,
    readCpu: () => server.ask({ cpu: true }),
    stop: () => server.stop(),
  };
}
