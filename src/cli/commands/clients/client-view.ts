import type { Clients } from '../../../auth/clients/clients.ts';
import type { Client } from '../../../auth/model.ts';
import { RecordNotFound } from '../../../kernel/errors.ts';

/** Finds a client by its name or id. @throws {RecordNotFound} */
export async function findNamedClient(clients: Clients, given: string): Promise<Client> {
  const found = (await clients.list()).find(({ id, name }) => id === given || name === given);
  if (found !== undefined) return found;
  throw new RecordNotFound(
    `There is no client ${JSON.stringify(given)}. List all clients: latchkey clients list`,
  );
}
