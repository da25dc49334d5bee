import { isBlank, trimBlanks } from '../../kernel/encoding/header-text.ts';
import { MultipleCredentials } from '../../kernel/errors.ts';
import { readUnverifiedClaims } from '../verify/unverified-claims.ts';
import { type CookieNames, type ResolvedCookieNames, resolveCookieNames } from './cookie-names.ts';

/** Finds the two tokens in the cookies of a request. */
export interface TokenCookies {
  /** The names as they are sent, prefix included. */
  readonly names: ResolvedCookieNames;
  /** @throws {MultipleCredentials} if two cookies of the name came */
  findAccess(cookieHeader: string | undefined): string | undefined;
  /** @throws {MultipleCredentials} if two cookies of the name came */
  findRefresh(cookieHeader: string | undefined): string | undefined;
  /** The names of earlier versions under which tokens of this issuer came. */
  listFormer(cookieHeader: string | undefined): string[];
}

/**
 * Creates the reader of a server's cookies. Under https the names start with `__Host-`, which keeps sibling domains from
 * setting cookies of these names.
 * @param issuer decides the prefix and the default names; undefined counts as https
 * @throws {TypeError} for names that are not cookie names
 * @see RFC 6265bis section 4.1.3.2
 */
export function createTokenCookies(
  issuer: string | undefined,
  given: CookieNames = {},
): TokenCookies {
  const names = resolveCookieNames(issuer, given);
  const { access, refresh, former } = names;
  return {
    names,
    findAccess: (header) => findCookie(header, access) ?? findFormer(header, former.access),
    findRefresh: (header) => findCookie(header, refresh) ?? findFormer(header, former.refresh),
    listFormer: (header) =>
      Object.values(former).filter((name) => listOfIssuer(header, name).length > 0),
  };

  /**
   * Sessions that an earlier version started still use its names. Under these names, tokens of another server on this
   * host are ignored, however many of them came.
   */
  function findFormer(header: string | undefined, name: string | undefined): string | undefined {
    return name === undefined ? undefined : requireOne(listOfIssuer(header, name));
  }

  function listOfIssuer(header: string | undefined, name: string): readonly string[] {
    if (issuer === undefined) return NONE;
    return listCookies(header, name).filter((token) => readUnverifiedClaims(token).iss === issuer);
  }
}

const NONE: readonly string[] = [];

/** @throws {MultipleCredentials} if two cookies of the name came */
function findCookie(header: string | undefined, name: string): string | undefined {
  return requireOne(listCookies(header, name)) || undefined;
}

/**
 * A second cookie of the name may have been set by a sibling domain or path, to sign the visitor in to the attacker's
 * account.
 * @throws {MultipleCredentials}
 */
function requireOne(tokens: readonly string[]): string | undefined {
  if (tokens.length > 1) {
    throw new MultipleCredentials('Two cookies of one name came. Delete the cookies of this site.');
  }
  return tokens[0];
}

/**
 * Lists the values of all cookies of a name, without decoding: a token needs none, and has one spelling only. Names are
 * compared byte for byte. A name that equals ours only after more than spaces and tabs are trimmed does not have the
 * protection of `__Host-`, and a sibling domain can set it.
 */
export function listCookies(header: string | undefined, name: string): readonly string[] {
  if (header === undefined || !header.includes(name)) return NONE;
  const found: string[] = [];
  for (let start = 0, end = 0; start <= header.length; start = end + 1) {
    end = header.indexOf(';', start);
    if (end === -1) end = header.length;
    const equals = header.indexOf('=', start);
    if (equals === -1) break;
    if (equals > end || !isNamed(header, start, equals, name)) continue;
    found.push(trimBlanks(header.slice(equals + 1, end)));
  }
  return found;
}

/** Whether the text from `start` to `end` is the name, with nothing but spaces and tabs around it. */
function isNamed(header: string, start: number, end: number, name: string): boolean {
  // Most names differ in length or in the first character, so this creates no substrings.
  if (end - start < name.length) return false;
  let first = start;
  while (first < end && isBlank(header.charCodeAt(first))) first++;
  if (!header.startsWith(name, first)) return false;
  let rest = first + name.length;
  while (rest < end && isBlank(header.charCodeAt(rest))) rest++;
  return rest === end;
}
