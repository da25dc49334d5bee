/** A node of its own process for the tests of keys: the whole server, and a lever for its keys. */
import { createApp } from '../../src/server/app.ts';
import { recallContext } from '../../src/server/http/routes/route-context.ts';
import type { LatchkeyPluginOptions } from '../../src/server/options.ts';

export type Order = { readonly rotate: true } | { readonly revoke: string };
/** The `kid` that was made or revoked, or why not. */
export type Report =
  | { readonly port: number }
  | { readonly kid: string }
  | { readonly error: string };

const options: LatchkeyPluginOptions = JSON.parse(process.argv[2] ?? '{}');
const app = await createApp({ ...options, logger: false });
const { keyRotation } = recallContext(app.latchkey).latchkey.auth;
const report = (it: Report) => process.send?.(it);

process.on('message', async (order: Order) => {
  try {
    if ('rotate' in order) {
      report({ kid: (await keyRotation.rotate({ algorithm: 'ES256', isUrgent: false })).kid });
    } else {
      await keyRotation.revoke(order.revoke);
      report({ kid: order.revoke });
    }
  } catch (error) {
    report({ error: String(error) });
  }
});
process.on('disconnect', () => void app.close());
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
report({ port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
