import { type AdminHandler, createAdminCall } from './admin-call.ts';
import { auditHandlers } from './audit.ts';
import { clientHandlers } from './clients.ts';
import { keyHandlers } from './keys.ts';
import { throttlingHandlers } from './throttling.ts';
import { userHandlers } from './users.ts';

export { createAdminCall };

/** The handler of each route of administration, loaded at the first request for one. */
export const adminHandlers = {
  ...userHandlers,
  ...clientHandlers,
  ...keyHandlers,
  ...auditHandlers,
  ...throttlingHandlers,
} satisfies Record<string, AdminHandler>;
