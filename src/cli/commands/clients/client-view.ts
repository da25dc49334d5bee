import type { Clients } from '../../../auth/clients/clients.ts';
import type { Client } from '../../../auth/model.ts';
import { RecordNotFound } from '../../../kernel/errors.ts';

/** The client as JSON. */
export function toClientView(client: Client): Record<string, unknown> {
  const { id, name, kind, createdAt, oldSecretsEndAt } = client;
  return {
    id,
    name,
    kind,
    created_at: new Date(createdAt).toISOString(),
    old_secrets_end_at: oldSecretsEndAt === null ? null : new Date(oldSecretsEndAt).toISOString(),
  };
}

/** Finds a client by its name or id. @throws {RecordNotFound} */
export async function findNamedClient(clients: Clients, given: string): Promise<Client> {
  const found = (await clients.list()).find(({ id, name }) => id === given || name === given);
  if (found !== undefined) return found;
  throw new RecordNotFound(
    `There is no client ${JSON.stringify(given)}. List all clients: latchkey clients list`,
  );
}
