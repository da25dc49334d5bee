import type { AuditActor, AuditEvent, AuditSubject } from '../../../auth/audit/event.ts';
import type { Clients } from '../../../auth/clients/clients.ts';
import type { Users } from '../../../auth/users/users.ts';

/** Finds the names of an event's actor and subject; null if they have no name or no longer exist. */
export type EventNames = (event: AuditEvent) => {
  readonly actor: string | null;
  readonly subject: string | null;
};

/** Finds the current names of users and clients, and remembers them. */
export class NameFinder {
  readonly #users: Users;
  readonly #clients: Clients;
  readonly #found = new Map<string, string>();

  constructor(users: Users, clients: Clients) {
    this.#users = users;
    this.#clients = clients;
  }

  /** @throws {StoreUnavailable} */
  async findAll(events: readonly AuditEvent[]): Promise<EventNames> {
    const parties = events.flatMap(({ actor, subject }) => [actor, subject]);
    const missing = parties.filter((party) => party.id !== null && !this.#found.has(keyOf(party)));
    const userIds = new Set(missing.filter(({ kind }) => kind === 'user').map(({ id }) => id));
    await Promise.all([...userIds].map((id) => this.#findUser(id ?? '')));
    if (missing.some(({ kind }) => kind === 'client')) {
      for (const { id, name } of await this.#clients.list()) {
        this.#found.set(keyOf({ kind: 'client', id }), name);
      }
    }
    const nameOf = (party: AuditActor | AuditSubject) => this.#found.get(keyOf(party)) ?? null;
    return ({ actor, subject }) => ({ actor: nameOf(actor), subject: nameOf(subject) });
  }

  async #findUser(id: string): Promise<void> {
    const user = await this.#users.find({ id });
    const name = user?.username ?? user?.email;
    if (name !== undefined && name !== null) this.#found.set(keyOf({ kind: 'user', id }), name);
  }
}

function keyOf({ kind, id }: AuditActor | AuditSubject): string {
  return `${kind}:${id}`;
}
