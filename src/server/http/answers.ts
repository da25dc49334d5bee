import type { User } from '../../auth/model.ts';
import type { IssuedTokens } from '../../auth/sessions/tokens/issued-tokens.ts';
import type { FieldRules } from '../../auth/users/custom-fields.ts';
import { type TokenAnswer, toTokenView, toUserView } from './views.ts';

/** How tokens travel in answers. */
export type AnswerTransport = 'body' | 'cookie';

/** What a sign-in or a refresh gives to a function that shapes its answer. */
export interface SignInAnswer {
  /** The user as stored now. */
  readonly user: User;
  /** Undefined if cookies carry the tokens. */
  readonly tokens: TokenAnswer | undefined;
}

/**
 * The body of a success: the names of its members, in their order, or a function that makes it. The function runs
 * after everything was written, and must be synchronous.
 */
export type AnswerShape<Answer> = readonly string[] | ((answer: Answer) => object);

/**
 * Bodies of successes, by route, in place of the standard ones. A list may have the names
 * of the user (`id`, `username`, `email`, `name`, `roles`, `created_at`, and your own fields) and, except
 * for `me`, those of the tokens (`access_token`, `refresh_token`, `token_type`, `expires_in`, `scope`),
 * which are left out where cookies carry the tokens.
 */
export interface RouteAnswers {
  /** 201. Default: the user and the tokens. */
  readonly register?: AnswerShape<SignInAnswer>;
  /** 200. Default: the tokens. */
  readonly login?: AnswerShape<SignInAnswer>;
  /** 200, also for `POST /auth/password` and `/auth/reauthenticate`, which answer as a refresh does. Default: the tokens. */
  readonly refresh?: AnswerShape<SignInAnswer>;
  /** 200. Default: the user. */
  readonly me?: AnswerShape<User>;
  /** 200. Default: 204 without a body. */
  readonly logout?: () => object;
  /** 200. Default: 204 without a body. */
  readonly logoutAll?: () => object;
}

export type SignInRoute = 'register' | 'login' | 'refresh';
export type SignOutRoute = 'logout' | 'logoutAll';

/** The bodies of successes, the host's or the standard ones. */
export interface Answers {
  readonly given: RouteAnswers;
  signIn(route: SignInRoute, signIn: IssuedTokens, transport: AnswerTransport): object;
  me(user: User): object;
  /** Undefined: 204 without a body. */
  signOut(route: SignOutRoute): object | undefined;
}

const USER_NAMES = ['id', 'username', 'email', 'name', 'roles', 'created_at'];
const TOKEN_NAMES = ['access_token', 'refresh_token', 'token_type', 'expires_in', 'scope'];
const NAMES_BY_ROUTE: Readonly<Record<keyof RouteAnswers, readonly string[]>> = {
  register: [...USER_NAMES, ...TOKEN_NAMES],
  login: [...USER_NAMES, ...TOKEN_NAMES],
  refresh: [...USER_NAMES, ...TOKEN_NAMES],
  me: USER_NAMES,
  logout: [],
  logoutAll: [],
};

/** @throws {TypeError} naming the unknown route or member */
export function createAnswers(given: RouteAnswers = {}, fields: FieldRules = {}): Answers {
  assertShapes(given, fields);
  return {
    given,
    signIn(route, signIn, transport) {
      const tokens = transport === 'cookie' ? undefined : toTokenView(signIn);
      const shape = given[route];
      if (shape === undefined) return createStandard(route, signIn, tokens);
      return typeof shape === 'function'
        ? shape({ user: signIn.user, tokens })
        : pick({ ...toUserView(signIn.user), ...tokens }, shape);
    },
    me(user) {
      const shape = given.me;
      if (shape === undefined) return toUserView(user);
      return typeof shape === 'function' ? shape(user) : pick(toUserView(user), shape);
    },
    signOut: (route) => given[route]?.(),
  };
}

function createStandard(
  route: SignInRoute,
  signIn: IssuedTokens,
  tokens: TokenAnswer | undefined,
): object {
  if (tokens === undefined) return { user: toUserView(signIn.user), expires_in: signIn.expiresIn };
  return route === 'register' ? { user: toUserView(signIn.user), ...tokens } : tokens;
}

/** Members that are absent, such as optional fields without a value, stay absent. */
function pick(whole: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(whole, name)).map((name) => [name, whole[name]]),
  );
}

function assertShapes(given: RouteAnswers, fields: FieldRules): void {
  const own = Object.keys(fields).filter((name) => fields[name]?.type !== 'repeat');
  for (const [route, shape] of Object.entries(given)) {
    if (!Object.hasOwn(NAMES_BY_ROUTE, route)) {
      const known = Object.keys(NAMES_BY_ROUTE).join(', ');
      throw new TypeError(
        `answers: there is no answer "${route}" to shape. These can be: ${known}.`,
      );
    }
    if (shape === undefined || typeof shape === 'function') continue;
    const known = NAMES_BY_ROUTE[route as keyof RouteAnswers];
    if (!Array.isArray(shape) || known.length === 0) {
      const list = known.length === 0 ? '' : ', or a list of member names';
      throw new TypeError(`answers.${route}: give a function that makes the body${list}.`);
    }
    const names = [...known, ...own];
    const odd = shape.find((name) => !names.includes(name));
    if (odd === undefined) continue;
    throw new TypeError(
      `answers.${route}: there is no member "${odd}". These can be listed: ${names.join(', ')}.`,
    );
  }
}
