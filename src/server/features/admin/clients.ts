import type { ClientWithKey } from '../../../auth/administration/clients.ts';
import type { AdminHandler } from './admin-call.ts';
import { toClientView } from './views.ts';

export const clientHandlers = {
  async adminClients({ administration, query }) {
    const { clients, nextCursor } = await administration.clients.list(query);
    return { clients: clients.map(toClientView), next_cursor: nextCursor };
  },

  async adminCreateClient({ administration, administrator, input, reply }) {
    const created = await administration.clients.create(input, administrator);
    reply.code(201);
    return toKeyedView(created);
  },

  async adminRotateClientSecret({ administration, administrator, params, input }) {
    return toKeyedView(await administration.clients.rotateSecret(params.id, input, administrator));
  },

  async adminDeleteClient({ administration, administrator, params, reply }) {
    await administration.clients.delete(params.id, administrator);
    return reply.code(204).send();
  },
} satisfies Record<string, AdminHandler>;

function toKeyedView({ client, key }: ClientWithKey): object {
  return { ...toClientView(client), key };
}
