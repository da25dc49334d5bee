import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { RefreshRefused, TokenRefused } from '../../src/kernel/errors.ts';
import { openTestAuth, type TestAuth } from '../support/auth.ts';

/**
 * Random lives of sessions, against a model of what the design promises:
 * at most one successor lives, no honest retry is punished, and as soon as two parties have presented tokens
 * outside the window the session ends. `TEST_SESSION_RUNS` sets how many lives.
 */
const RUNS = repetitionsOf('TEST_SESSION_RUNS');
const GRACE = 30;
const TABS = 3;
/** Seconds. */
const MAX_STEP_BACK = 840;
const USER = { username: 'jane', password: 'correct horse' };

interface ModelSession {
  alive: boolean;
  generation: number;
  /** The generation that the present one was given for: late, its token is taken for a retry. */
  parent: number;
  rotatedAt: number;
  expiresAt: number;
  /** By generation. A second text for one generation would be a second successor. */
  readonly tokens: string[];
  readonly accessTokens: string[];
  /** What each tab holds: it may be old, where another tab refreshed or an answer was lost. */
  readonly tabs: number[];
}

interface Model {
  /** The latest the clock ever showed. */
  latest: number;
  readonly sessions: ModelSession[];
}

type Verdict = 'rotated' | 'retried' | 'same' | 'reused' | 'gone' | 'expired';

/** The promise, in the words of the design. */
function judge(session: ModelSession, generation: number, now: number): Verdict {
  const age = Math.abs(now - session.rotatedAt) / 1000;
  if (tokenExpiry(session, generation) + 5 <= now / 1000) return 'expired';
  if (!session.alive || session.expiresAt <= now) return 'gone';
  if (generation === session.generation) return age >= GRACE ? 'rotated' : 'same';
  if (generation !== session.parent) return 'reused';
  return age >= GRACE ? 'retried' : 'same';
}

function tokenExpiry(session: ModelSession, generation: number): number {
  const payload = session.tokens[generation]?.split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).exp;
}

async function present(real: TestAuth, model: Model, index: number, generation: number) {
  const session = model.sessions[index];
  const token = session?.tokens[generation];
  assert.ok(session !== undefined && token !== undefined);
  const now = real.clock.now();
  const verdict = judge(session, generation, now);
  try {
    const signIn = await real.auth.refresh(token);
    const isNext = verdict === 'rotated' || verdict === 'retried';
    assert.ok(isNext || verdict === 'same', `accepted, but should be ${verdict}`);
    if (isNext) {
      session.parent = generation;
      session.generation += 1;
      session.rotatedAt = now;
      session.expiresAt = signIn.session.expiresAt;
    }
    assert.equal(signIn.session.generation, session.generation);
    const known = session.tokens[session.generation];
    session.tokens[session.generation] ??= signIn.refreshToken;
    if (known !== undefined) assert.equal(signIn.refreshToken, known, 'a second successor lives');
    session.accessTokens.push(signIn.accessToken);
    assert.equal(real.verifier.verify(signIn.accessToken).sid, signIn.session.id);
    return session.generation;
  } catch (error) {
    if (!(error instanceof RefreshRefused)) throw error;
    const codes = {
      reused: 'refresh_token_reused',
      gone: 'session_ended',
      expired: 'refresh_token_expired',
    };
    assert.equal(error.code, verdict in codes ? codes[verdict as keyof typeof codes] : verdict);
    if (verdict === 'reused') session.alive = false;
    return undefined;
  }
}

/** Every access token of a session that has ended is refused, in whatever process asks. */
function assertRevoked(real: TestAuth, model: Model): void {
  for (const session of model.sessions) {
    if (session.alive) continue;
    for (const token of session.accessTokens) {
      assert.throws(() => real.verifier.verify(token), TokenRefused);
    }
  }
}

type Command = fc.AsyncCommand<Model, TestAuth>;

class Login implements Command {
  check = (model: Readonly<Model>) => model.sessions.length < 4;
  async run(model: Model, real: TestAuth) {
    const signIn = await real.login(USER);
    model.sessions.push({
      alive: true,
      generation: 0,
      parent: -1,
      rotatedAt: real.clock.now(),
      expiresAt: signIn.session.expiresAt,
      tokens: [signIn.refreshToken],
      accessTokens: [signIn.accessToken],
      tabs: Array(TABS).fill(0),
    });
  }
  toString = () => 'login';
}

abstract class OnSession implements Command {
  readonly pick: number;
  constructor(pick: number) {
    this.pick = pick;
  }
  check(model: Readonly<Model>): boolean {
    return model.sessions.length > 0;
  }
  index(model: Model): number {
    return this.pick % model.sessions.length;
  }
  abstract run(model: Model, real: TestAuth): Promise<void>;
}

/** A tab refreshes with what it holds; its answer may be lost on the way. */
class Refresh extends OnSession {
  readonly tab: number;
  readonly lost: boolean;
  constructor(pick: number, tab: number, lost: boolean) {
    super(pick);
    this.tab = tab;
    this.lost = lost;
  }
  async run(model: Model, real: TestAuth) {
    const index = this.index(model);
    const tabs = model.sessions[index]?.tabs ?? [];
    const got = await present(real, model, index, tabs[this.tab] ?? 0);
    if (got !== undefined && !this.lost) tabs[this.tab] = got;
    assertRevoked(real, model);
  }
  override toString = () => `refresh(${this.pick}, tab ${this.tab}${this.lost ? ', lost' : ''})`;
}

/** All tabs that hold the newest token ask at the same moment: all get one and the same successor. */
class RefreshTogether extends OnSession {
  async run(model: Model, real: TestAuth) {
    const session = model.sessions[this.index(model)];
    assert.ok(session !== undefined);
    const newest = session.tokens[session.generation];
    assert.ok(newest !== undefined);
    const now = real.clock.now();
    const verdict = judge(session, session.generation, now);
    const answers = await Promise.allSettled(
      Array.from({ length: TABS }, () => real.auth.refresh(newest)),
    );
    if (verdict !== 'rotated' && verdict !== 'same') {
      assert.ok(answers.every(({ status }) => status === 'rejected'));
      return;
    }
    const tokens = new Set<string>();
    for (const answer of answers) {
      assert.equal(answer.status, 'fulfilled', 'an honest tab was punished');
      if (answer.status !== 'fulfilled') continue;
      tokens.add(answer.value.refreshToken);
      if (verdict === 'rotated') session.parent = answer.value.session.generation - 1;
      session.accessTokens.push(answer.value.accessToken);
      session.generation = answer.value.session.generation;
      session.rotatedAt = answer.value.session.rotatedAt;
      session.expiresAt = answer.value.session.expiresAt;
    }
    assert.equal(tokens.size, 1, 'more than one successor lives');
    const [token = ''] = tokens;
    session.tokens[session.generation] ??= token;
    assert.equal(session.tokens[session.generation], token);
    session.tabs.fill(session.generation);
  }
  override toString = () => `refreshTogether(${this.pick})`;
}

/** A client presents any token that was ever issued. */
class Replay extends OnSession {
  readonly which: number;
  constructor(pick: number, which: number) {
    super(pick);
    this.which = which;
  }
  async run(model: Model, real: TestAuth) {
    const index = this.index(model);
    const count = model.sessions[index]?.tokens.length ?? 1;
    await present(real, model, index, this.which % count);
    assertRevoked(real, model);
  }
  override toString = () => `replay(${this.pick}, ${this.which})`;
}

class Logout extends OnSession {
  readonly byRefreshToken: boolean;
  constructor(pick: number, byRefreshToken: boolean) {
    super(pick);
    this.byRefreshToken = byRefreshToken;
  }
  async run(model: Model, real: TestAuth) {
    const session = model.sessions[this.index(model)];
    assert.ok(session !== undefined);
    if (this.byRefreshToken) {
      const token = session.tokens[0] ?? '';
      const expired = tokenExpiry(session, 0) + 5 <= real.clock.now() / 1000;
      if (expired) return;
      await real.auth.logoutByRefreshToken(token);
    } else {
      const token = session.accessTokens.at(-1) ?? '';
      const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      await real.auth.logout(payload);
    }
    session.alive = false;
    assertRevoked(real, model);
  }
  override toString = () => `logout(${this.pick}${this.byRefreshToken ? ', refresh token' : ''})`;
}

class ClockStep implements Command {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
  check = () => true;
  async run(model: Model, real: TestAuth) {
    model.latest = Math.max(model.latest, real.clock.now());
    // Revocations are kept for a clock that steps back by less than 15 minutes. Larger steps are not covered.
    const step = Math.max(this.seconds, (model.latest - real.clock.now()) / 1000 - MAX_STEP_BACK);
    real.clock.step(step);
    assertRevoked(real, model);
  }
  toString = () => `clock(${this.seconds})`;
}

class Restart implements Command {
  check = () => true;
  async run(model: Model, real: TestAuth) {
    await real.auth.maintain();
    while (await real.auth.purgeExpired(10));
    await real.restart();
    assertRevoked(real, model);
  }
  toString = () => 'restart';
}

const pick = fc.nat(3);
const commands = [
  fc.constant(new Login()),
  fc.tuple(pick, fc.nat(TABS - 1), fc.boolean()).map((args) => new Refresh(...args)),
  fc.tuple(pick, fc.nat(TABS - 1), fc.boolean()).map((args) => new Refresh(...args)),
  pick.map((each) => new RefreshTogether(each)),
  fc.tuple(pick, fc.nat(20)).map((args) => new Replay(...args)),
  fc.tuple(pick, fc.boolean()).map((args) => new Logout(...args)),
  // Within the window, about its edge, and far beyond; forward and back.
  fc
    .constantFrom(1, 10, 29, 30, 31, 60, 600, 86_400, -1, -10, -31, -600)
    .map((seconds) => new ClockStep(seconds)),
  fc.constant(new Restart()),
];

test(`${RUNS} random lives of sessions keep the promises of refresh`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { size: '+1', maxCommands: 40 }), async (life) => {
      await using real = await openTestAuth();
      await real.auth.users.create(USER);
      const setup = () => ({ model: { latest: 0, sessions: [] }, real });
      await fc.asyncModelRun(setup, life);
    }),
    { numRuns: RUNS },
  );
});
