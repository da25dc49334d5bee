import { CredentialsRefused, InvalidInput, RecordNotFound } from '../../kernel/errors.ts';
import { applicationCaller, type Caller } from '../audit/caller.ts';
import type { AuditSubject } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import type { Client, ClientKind, ClientRecord, ClientSecret } from '../model.ts';
import {
  type ClientKey,
  combineClientKey,
  createClientId,
  createClientSecret,
  formatClientKey,
  hashClientSecret,
  isClientId,
  isClientSecret,
} from './client-key.ts';

/** The kinds of clients. */
export const CLIENT_KINDS: readonly ClientKind[] = ['guard'];

/** How long an earlier secret of a client stays valid after a new one was made. */
const SECRET_OVERLAP_SECONDS = 24 * 3600;
const LONGEST_OVERLAP_SECONDS = 30 * 24 * 3600;

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;
/** No known secret has this hash. */
const NO_HASH = '0'.repeat(43);

/** A client that has authenticated, and the secret it used. */
export interface AuthenticatedClient {
  /** The client that the key belongs to. */
  readonly client: Client;
  /** The id of the secret. It reveals nothing about the secret. */
  readonly secretId: string;
}

/** A client id and a client secret as a request sent them; empty if it sent none. @see RFC 6749 section 2.3.1 */
export interface ClientCredentials {
  /** The `client_id` of OAuth 2.0. */
  readonly clientId: string;
  /** The client secret, which is the whole key of a client. */
  readonly clientSecret: string;
}

/**
 * Manages clients: programs that authenticate with a secret of their own, such as guards.
 *
 * ```ts
 * const { key } = await auth.clients.create({ name: 'orders', kind: 'guard' });
 * ```
 */
export class Clients {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Creates a client.
   * @returns the client and its key, which is never returned again
   * @param input `name`: for people, unique, 1 to 64 letters, digits, spaces and `. _ -`
   * @throws {InvalidInput} if the name is not valid or is taken, or the kind is unknown
   * @throws {StoreUnavailable}
   */
  async create(
    input: { readonly name: string; readonly kind: ClientKind },
    caller: Caller = applicationCaller,
  ): Promise<{ client: Client; key: string }> {
    const { name, kind } = input;
    assertName(name);
    assertKind(kind);
    const { store, clock, random, createEvent } = this.#context;
    const id = createClientId(random);
    const { secret, record } = this.#createSecret();
    const createdAt = clock.now();
    const { status } = await store.createClient({
      client: { id, kind, name, createdAt, secrets: [record] },
      event: createEvent(
        { type: 'client_created', subject: aboutClient(id), changes: { kind, name } },
        caller,
      ),
    });
    if (status === 'taken') {
      refuse('name', 'A client of this name already exists. Choose another, or delete that one.');
    }
    const client = { id, kind, name, createdAt, oldSecretsEndAt: null };
    return { client, key: formatClientKey({ id, secret }) };
  }

  /** Lists all clients, the oldest first. @throws {StoreUnavailable} */
  async list(): Promise<Client[]> {
    const now = this.#context.clock.now();
    return (await this.#context.store.listClients()).map((record) => toClient(record, now));
  }

  /**
   * Gives a client a new secret. Earlier secrets stay valid for the overlap, so that the new key can be rolled
   * out while the client runs; one that ends sooner still ends then. Open feeds end within 15 seconds of the
   * end of the secret they were opened with.
   * @param options `overlapSeconds`: 0 (earlier secrets end now) to 30 days; default 24 hours
   * @returns the new key, which is never returned again
   * @throws {RecordNotFound}
   * @throws {InvalidInput} if the overlap is not valid
   * @throws {StoreUnavailable}
   */
  async rotateSecret(
    id: string,
    options: { readonly overlapSeconds?: number } = {},
    caller: Caller = applicationCaller,
  ): Promise<{ client: Client; key: string }> {
    const { overlapSeconds = SECRET_OVERLAP_SECONDS } = options;
    assertOverlap(overlapSeconds);
    const { store, clock, createEvent } = this.#context;
    const known = (await store.findClient({ id })) ?? refuseUnknown();
    const { secret, record } = this.#createSecret();
    const now = clock.now();
    const othersEndAt = now + overlapSeconds * 1000;
    const rotated = await store.rotateClientSecret({
      id,
      secret: record,
      now,
      othersEndAt,
      event: createEvent(
        {
          type: 'client_secret_rotated',
          subject: aboutClient(id),
          changes: {
            name: known.name,
            old_secrets_end_at: new Date(othersEndAt).toISOString(),
          },
        },
        caller,
      ),
    });
    if (rotated === undefined) refuseUnknown();
    return { client: toClient(rotated, now), key: formatClientKey({ id, secret }) };
  }

  /**
   * Deletes a client. Its key is refused from now on, and its open feeds end within 15 seconds.
   * @throws {RecordNotFound}
   * @throws {StoreUnavailable}
   */
  async delete(id: string, caller: Caller = applicationCaller): Promise<void> {
    const { store, createEvent } = this.#context;
    const client = await store.findClient({ id });
    const { found } = await store.deleteClient({
      id,
      event: createEvent(
        {
          type: 'client_deleted',
          subject: aboutClient(id),
          ...(client === undefined ? {} : { changes: { name: client.name } }),
        },
        caller,
      ),
    });
    if (!found) refuseUnknown();
  }

  /**
   * Finds the client that a key belongs to.
   * @param key undefined: what was sent does not have the form of a key
   * @throws {CredentialsRefused} when the client is unknown or the secret is wrong: one error for both
   * @throws {StoreUnavailable}
   */
  async authenticate(key: ClientKey | undefined): Promise<AuthenticatedClient> {
    const record = key && (await this.#context.store.findClient({ id: key.id }));
    return this.#prove(record, key);
  }

  #prove(record: ClientRecord | undefined, key: ClientKey | undefined): AuthenticatedClient {
    const now = this.#context.clock.now();
    const given = key?.secret ?? '';
    const secrets = record?.secrets.filter((each) => isValid(each, now)) ?? [];
    // An unknown client takes as long as a known one.
    if (secrets.length === 0) isClientSecret(given, NO_HASH);
    const proven = secrets.find(({ hash }) => isClientSecret(given, hash));
    if (record !== undefined && proven !== undefined) {
      return { client: toClient(record, now), secretId: proven.id };
    }
    throw new CredentialsRefused(
      'This is not the key of a client of this server. Create one: latchkey clients create NAME --kind guard',
    );
  }

  /**
   * Finds the client that asks for tokens. Its id becomes the `client_id` of the session and of its tokens. A request
   * that names no client costs no query.
   * @returns the id of the client; null: none of ours, so the sign-in is the first party's
   * @throws {CredentialsRefused} when the client exists and the secret is not its own. The attack: to get tokens in
   *   the name of a client
   * @throws {StoreUnavailable}
   * @see RFC 6749 section 3.2.1, RFC 9068 section 2.2
   */
  async resolve({ clientId, clientSecret }: ClientCredentials): Promise<string | null> {
    if (clientId === this.#context.settings.clientId || !isClientId(clientId)) return null;
    const record = await this.#context.store.findClient({ id: clientId });
    if (record === undefined) return null;
    return this.#prove(record, combineClientKey(clientId, clientSecret)).client.id;
  }

  /** Lists the ids of all secrets that are accepted now. @throws {StoreUnavailable} */
  async listSecretIds(): Promise<ReadonlySet<string>> {
    const records = await this.#context.store.listClients();
    const now = this.#context.clock.now();
    const valid = records.flatMap(({ secrets }) => secrets.filter((each) => isValid(each, now)));
    return new Set(valid.map(({ id }) => id));
  }

  #createSecret(): { secret: string; record: ClientSecret } {
    const { random, clock } = this.#context;
    const secret = createClientSecret(random);
    const id = createClientId(random);
    const hash = hashClientSecret(secret);
    return { secret, record: { id, hash, createdAt: clock.now(), endsAt: null } };
  }
}

function aboutClient(id: string): AuditSubject {
  return { kind: 'client', id };
}

function isValid({ endsAt }: ClientSecret, now: number): boolean {
  return endsAt === null || now < endsAt;
}

function toClient({ id, kind, name, createdAt, secrets }: ClientRecord, now: number): Client {
  const ends = secrets.flatMap(({ endsAt }) => (endsAt !== null && now < endsAt ? [endsAt] : []));
  const oldSecretsEndAt = ends.length === 0 ? null : Math.max(...ends);
  return { id, kind, name, createdAt, oldSecretsEndAt };
}

function assertName(name: string): void {
  if (!NAME.test(name)) {
    refuse(
      'name',
      'A name has 1 to 64 letters, digits, spaces and . _ - and begins with a letter or a digit.',
    );
  }
  // It could be mistaken for the id of another client.
  if (isClientId(name)) refuse('name', 'This name looks like an id. Choose another.');
}

function assertKind(kind: string): void {
  if (CLIENT_KINDS.some((each) => each === kind)) return;
  refuse('kind', `"kind" must be ${CLIENT_KINDS.map((each) => `"${each}"`).join(' or ')}.`);
}

function assertOverlap(seconds: number): void {
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= LONGEST_OVERLAP_SECONDS) return;
  refuse('overlapSeconds', `"overlapSeconds" must be from 0 to ${LONGEST_OVERLAP_SECONDS}.`);
}

function refuse(field: string, problem: string): never {
  throw new InvalidInput([{ field, problem }]);
}

function refuseUnknown(): never {
  throw new RecordNotFound('There is no such client. It may have been deleted already.');
}
