import type { AuditEvent } from '../audit/event.ts';
import type { ClientRecord, ClientSecret } from '../model.ts';

/** The verbs for clients. */
export interface ClientStore {
  /** Stores a client and its secrets, unless its name or id is taken. */
  createClient(args: {
    client: ClientRecord;
    event: AuditEvent;
  }): Promise<{ status: 'created' | 'taken' }>;

  /** Finds a client by its id. */
  findClient(args: { id: string }): Promise<ClientRecord | undefined>;

  /** Lists all clients, the oldest first. */
  listClients(): Promise<ClientRecord[]>;

  /**
   * Adds a secret to a client. Its other secrets end at `othersEndAt` at the latest, and those that have ended at
   * `now` are removed.
   * @returns the client as it is now; undefined if there is none
   */
  rotateClientSecret(args: {
    id: string;
    secret: ClientSecret;
    othersEndAt: number;
    now: number;
    event: AuditEvent;
  }): Promise<ClientRecord | undefined>;

  /** Removes a client and its secrets. */
  deleteClient(args: { id: string; event: AuditEvent }): Promise<{ found: boolean }>;
}
