import type { Clients } from '../clients/clients.ts';
import { InputReader } from '../input.ts';
import type { Client, ClientKind } from '../model.ts';
import { cutListed, parseListedPage } from '../page.ts';
import type { Administrator } from './administrator.ts';

const NAME_MAX = 64;

/** A page of clients. */
export interface ClientPage {
  readonly clients: readonly Client[];
  readonly nextCursor: string | null;
}

/** A client with its key, which is never shown again. */
export interface ClientWithKey {
  readonly client: Client;
  readonly key: string;
}

/** What administrators do with clients. */
export class ClientAdministration {
  readonly #clients: Clients;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** Lists the clients, the oldest first. @throws {InvalidInput} */
  async list(page: unknown): Promise<ClientPage> {
    const parsed = parseListedPage(page);
    const { rows, nextCursor } = cutListed(await this.#clients.list(), parsed, ({ id }) => id);
    return { clients: rows, nextCursor };
  }

  /** Creates a client from `{name, kind?}`. @throws {InvalidInput} */
  async create(input: unknown, { caller }: Administrator): Promise<ClientWithKey> {
    const reader = new InputReader(input);
    const name = reader.string('name', { max: NAME_MAX });
    const kind = (reader.optionalString('kind', { max: NAME_MAX }) ?? 'guard') as ClientKind;
    reader.finish();
    return this.#clients.create({ name, kind }, caller);
  }

  /**
   * Gives a client a new key, from `{overlap_seconds?}`.
   * @throws {InvalidInput}
   * @throws {RecordNotFound}
   */
  async rotateSecret(
    id: string,
    input: unknown,
    { caller }: Administrator,
  ): Promise<ClientWithKey> {
    const reader = new InputReader(input ?? {});
    const overlap = reader.raw('overlap_seconds');
    if (overlap !== undefined && typeof overlap !== 'number') {
      reader.problem('overlap_seconds', '"overlap_seconds" must be a number.');
    }
    reader.finish();
    const options = typeof overlap === 'number' ? { overlapSeconds: overlap } : {};
    return this.#clients.rotateSecret(id, options, caller);
  }

  /** Deletes a client. @throws {RecordNotFound} */
  delete(id: string, { caller }: Administrator): Promise<void> {
    return this.#clients.delete(id, caller);
  }
}
