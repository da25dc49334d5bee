import type { Clients } from '../../../auth/clients/clients.ts';
import type { Client } from '../../../auth/model.ts';
import { RecordNotFound } from '../../../kernel/errors.ts';

/** The client as programs see it. */
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

/** The client that an operator named by its name or its id. @throws {NotFound} */
export async function findNamedClient(clients: Clients, given: string): Promise<Client> {
  const found = (await clients.list()).find(({ id, name }) => id === given || name === given);
  if (found !== undefined) return found;
  throw new RecordNotFound(
    `There is no client ${JSON.stringify(given)}. See which there are: latchkey clients list`,
  );
}
