import { isSameSecret } from '../../kernel/encoding/same-secret.ts';
import { OneTimeSecretRefused } from '../../kernel/errors.ts';
import { createUuid } from '../../kernel/uuid.ts';
import type { AuthContext } from '../context.ts';
import type { RootKey } from '../keys/root-keys.ts';
import type {
  AnsweredChallenge,
  OneTimeSecretRecord,
  SecretUse,
} from '../ports/one-time-secrets.ts';
import {
  MAX_CODE_ATTEMPTS,
  SECRET_PURPOSES,
  SECRETS_PER_SUBJECT,
  type SecretPurpose,
  type SecretRules,
} from './secret-purposes.ts';
import {
  createBrowserMac,
  createSecretMac,
  deriveValues,
  normaliseCode,
  parseToken,
  type SecretValues,
} from './secret-values.ts';

type Context = Pick<AuthContext, 'store' | 'clock' | 'random' | 'dataRoots'>;

/** What a new one-time secret is for. */
export interface NewOneTimeSecret {
  /** Its id, if one was promised. A secret of this id is replaced. Default: a new one. */
  readonly id?: string;
  readonly purpose: SecretPurpose;
  /** The id of the user it is about, or another name for a person without an account. */
  readonly subject: string;
  /** What its use needs to know. It is stored in plain text, so it must not be secret. Default: null. */
  readonly data?: Readonly<Record<string, unknown>> | null;
  /** The random value of a cookie that identifies the browser that asks. Default: null. */
  readonly browser?: string | null;
  /** The id of an earlier secret of the same request: this one takes its place. Default: null. */
  readonly request?: string | null;
  /** The challenge of a sign-in that this one follows, and the code that answers it. Default: none. */
  readonly answer?: AnsweredChallenge;
  /** Default: that of the purpose. */
  readonly lifetimeSeconds?: number;
}

/** A one-time secret, with its values. No request can read them again. */
export interface OneTimeSecret extends SecretValues {
  /** Also the `request` without which its code is refused. */
  readonly id: string;
  /** ms since the epoch. */
  readonly expiresAt: number;
}

/** What a person presents: the token of a link, a code with its request, or both of one mail. */
export type PresentedSecret =
  | { readonly token: string; readonly code?: string }
  | { readonly request: string; readonly code: string };

/** What the code that consumes a secret expects of it. */
export interface SecretExpectation {
  readonly purpose: SecretPurpose;
  /** The user it must be about; undefined: any. */
  readonly subject?: string;
  /** The random value of the cookie of the browser that presents it. Default: null. */
  readonly browser?: string | null;
}

/** A secret that was presented, checked, and not used yet. */
export interface ProvenSecret {
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>> | null;
  /** For the verb of the store that does what the secret is for. It consumes the secret in its transaction. */
  readonly use: SecretUse;
}

/**
 * Makes a one-time secret. It replaces an earlier one of the same purpose and subject only within the same
 * request or browser; up to three live side by side.
 * @returns undefined if three live already, and the response must be the same as if one had been made; or if the answer
 *   is no longer good
 * @throws {StoreUnavailable}
 */
export async function createOneTimeSecret(
  context: Context,
  given: NewOneTimeSecret,
): Promise<OneTimeSecret | undefined> {
  const { store, clock, random } = context;
  const { purpose, subject, data = null, browser = null, request = given.id ?? null } = given;
  const rules: SecretRules = SECRET_PURPOSES[purpose];
  const { keeps, lifetimeSeconds } = rules;
  const root = findRoot(context);
  const now = clock.now();
  const content = {
    id: given.id ?? createUuid(clock, random),
    purpose,
    subject,
    data: data === null ? null : JSON.stringify(data),
    browser: browser === null ? null : createBrowserMac(root, browser),
    expiresAt: now + (given.lifetimeSeconds ?? lifetimeSeconds) * 1000,
    codeExpiresAt: rules.code === null ? null : now + rules.codeLifetimeSeconds * 1000,
  };
  const values = deriveValues(root, content);
  const { status } = await store.createOneTimeSecret({
    ...(given.answer === undefined ? {} : { answer: given.answer }),
    secret: { ...content, mac: createSecretMac(root, content, values) },
    bound:
      keeps === 'all'
        ? null
        : { limit: SECRETS_PER_SUBJECT, endsOldest: keeps === 'newest three', replaces: request },
    now,
  });
  if (status !== 'created') return undefined;
  return { id: content.id, expiresAt: content.expiresAt, ...values };
}

/**
 * Derives the values of a secret that was made earlier, for the mail that carries them.
 * @returns undefined if there is none of this id and purpose for the subject
 * @throws {StoreUnavailable}
 */
export async function findOneTimeSecret(
  context: Context,
  { id, purpose, subject }: { id: string; purpose: SecretPurpose; subject: string },
): Promise<(OneTimeSecret & { readonly codeExpiresAt: number | null }) | undefined> {
  const found = await context.store.findOneTimeSecret({ id, purpose, now: context.clock.now() });
  const proven = authenticate(context, found, { purpose, subject });
  if (proven === undefined) return undefined;
  const { expiresAt, codeExpiresAt } = proven.record;
  return { id, expiresAt, codeExpiresAt, ...proven.values };
}

/**
 * Checks what was presented and consumes nothing. Give the `use` of the result to the verb that does what the
 * secret is for: of any number of parallel uses one succeeds. A code that was compared counts as an attempt
 * even if it is right, so check everything else that was sent first; after five the code is refused, while the
 * token of the same mail goes on working.
 * @throws {OneTimeSecretRefused} the same error for a secret that is unknown, used, expired, or of another purpose,
 *   subject or browser
 * @throws {StoreUnavailable}
 */
export async function proveOneTimeSecret(
  context: Context,
  presented: PresentedSecret,
  expected: SecretExpectation,
): Promise<ProvenSecret> {
  const { purpose } = expected;
  const record = await findPresented(context, presented, expected);
  if (record === undefined) throw new OneTimeSecretRefused();
  const { id, subject, mac, data } = record;
  const use = { id, purpose, subject, mac, now: context.clock.now() };
  return { subject, data: data === null ? null : JSON.parse(data), use };
}

/**
 * Checks and consumes a secret whose use changes nothing else in the database.
 * @throws {OneTimeSecretRefused}
 * @throws {StoreUnavailable}
 */
export async function consumeOneTimeSecret(
  context: Context,
  presented: PresentedSecret,
  expected: SecretExpectation,
): Promise<Omit<ProvenSecret, 'use'>> {
  const { use, ...proven } = await proveOneTimeSecret(context, presented, expected);
  const { found } = await context.store.consumeOneTimeSecret(use);
  if (!found) throw new OneTimeSecretRefused();
  return proven;
}

async function findPresented(
  context: Context,
  presented: PresentedSecret,
  expected: SecretExpectation,
): Promise<OneTimeSecretRecord | undefined> {
  const { needsTokenAndCode } = SECRET_PURPOSES[expected.purpose];
  const { code } = presented;
  if (!('token' in presented)) {
    const { request: id } = presented;
    return needsTokenAndCode
      ? undefined
      : findByCode(context, { id, code: presented.code }, expected);
  }
  const record = await findByToken(context, presented.token, expected);
  if (record === undefined) return undefined;
  if (code === undefined) return needsTokenAndCode ? undefined : record;
  return findByCode(context, { id: record.id, code }, expected);
}

async function findByToken(
  context: Context,
  token: string,
  expected: SecretExpectation,
): Promise<OneTimeSecretRecord | undefined> {
  const parsed = parseToken(token);
  const { purpose, browser = null } = expected;
  // The attack: a secret mailed for one purpose is presented for another, such as an address's verification
  // to reset the password. The record and the key of the MAC would stop it as well.
  if (parsed?.purpose !== purpose) return undefined;
  const found = await context.store.findOneTimeSecret({
    id: parsed.id,
    purpose,
    now: context.clock.now(),
  });
  const proven = authenticate(context, found, expected);
  if (proven === undefined || !isSameSecret(token, proven.values.token)) return undefined;
  const { record, root } = proven;
  if (record.browser === null || !SECRET_PURPOSES[purpose].isForOneBrowser) return record;
  // The attack: a thief asks for a link and persuades the owner of the address to follow it.
  const isHere = browser !== null && isSameSecret(createBrowserMac(root, browser), record.browser);
  return isHere ? record : undefined;
}

async function findByCode(
  context: Context,
  { id, code }: { id: string; code: string },
  expected: SecretExpectation,
): Promise<OneTimeSecretRecord | undefined> {
  const { purpose, subject = null } = expected;
  const { code: kind } = SECRET_PURPOSES[purpose];
  if (kind === null) return undefined;
  const found = await context.store.tryOneTimeCode({
    id,
    purpose,
    subject,
    maxAttempts: MAX_CODE_ATTEMPTS,
    now: context.clock.now(),
  });
  const proven = authenticate(context, found, expected);
  const own = proven?.values.code ?? null;
  if (proven === undefined || own === null) return undefined;
  const isRight = isSameSecret(normaliseCode(code, kind), normaliseCode(own, kind));
  return isRight ? proven.record : undefined;
}

/**
 * Derives the values of a record, if we wrote it and it is about the right subject.
 *
 * The attack: a thief who can write to the database, and does not have the secret, changes the user or the expiry of a
 * record, or inserts one.
 */
function authenticate(
  context: Context,
  record: OneTimeSecretRecord | undefined,
  { purpose, subject }: SecretExpectation,
): { record: OneTimeSecretRecord; root: RootKey; values: SecretValues } | undefined {
  if (record === undefined) return undefined;
  const root = findRoot(context);
  const content = { ...record, purpose };
  const values = deriveValues(root, content);
  if (!isSameSecret(createSecretMac(root, content, values), record.mac)) return undefined;
  if (subject !== undefined && subject !== record.subject) return undefined;
  return { record, root, values };
}

/** Only the newest root key: after a leak, a thief could make secrets under an earlier one. */
function findRoot({ dataRoots }: Context): RootKey {
  const [root] = dataRoots();
  if (root === undefined) throw new Error('There is no root key for data.');
  return root;
}
