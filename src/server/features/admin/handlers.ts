import { type AdminHandler, createAdminCall } from './admin-call.ts';
import { auditHandlers } from './audit.ts';
import { clientHandlers } from './clients.ts';
import { keyHandlers } from './keys.ts';

export { createAdminCall };

/** The handler of each route of administration, loaded at the first request for one. */
export const adminHandlers = {
  ...clientHandlers,
  ...keyHandlers,
  ...auditHandlers,
} satisfies Record<string, AdminHandler>;
