import { defineFeature, type FeatureRoute } from '../../http/routes/feature.ts';
import { adminSchemas } from './schema.ts';

const routes = {
  adminUsers: 'GET /auth/admin/users',
  adminCreateUser: 'POST /auth/admin/users',
  adminUser: 'GET /auth/admin/users/:id',
  adminUpdateUser: 'PATCH /auth/admin/users/:id',
  adminDeleteUser: 'DELETE /auth/admin/users/:id',
  adminDisableUser: 'POST /auth/admin/users/:id/disable',
  adminEnableUser: 'POST /auth/admin/users/:id/enable',
  adminSetPassword: 'POST /auth/admin/users/:id/password',
  adminSetRoles: 'PUT /auth/admin/users/:id/roles',
  adminSessions: 'GET /auth/admin/users/:id/sessions',
  adminSession: 'GET /auth/admin/users/:id/sessions/:sid',
  adminEndSessions: 'DELETE /auth/admin/users/:id/sessions',
  adminEndSession: 'DELETE /auth/admin/users/:id/sessions/:sid',
  adminClients: 'GET /auth/admin/clients',
  adminCreateClient: 'POST /auth/admin/clients',
  adminRotateClientSecret: 'POST /auth/admin/clients/:id/rotate-secret',
  adminDeleteClient: 'DELETE /auth/admin/clients/:id',
  adminKeys: 'GET /auth/admin/keys',
  adminRotateKey: 'POST /auth/admin/keys/rotate',
  adminRevokeKey: 'POST /auth/admin/keys/:kid/revoke',
  adminAudit: 'GET /auth/admin/audit',
  adminStats: 'GET /auth/admin/stats',
  adminThrottled: 'GET /auth/admin/throttled',
  adminUnthrottle: 'DELETE /auth/admin/throttled/:id',
} as const;

type AdminRoute = keyof typeof routes;

/** Users, clients and keys, for administrators. All of it is loaded at the first request. */
export const admin = defineFeature({
  routes,
  mount(_app, context, addRoute) {
    for (const name of Object.keys(routes) as AdminRoute[]) {
      const route: FeatureRoute = {
        admin: routes[name].startsWith('GET ') ? 'reads' : 'changes',
        schema: adminSchemas[name],
        handler: async (request, reply) => {
          const { adminHandlers, createAdminCall } = await import('./handlers.ts');
          return adminHandlers[name](await createAdminCall(context, request, reply));
        },
      };
      addRoute(name, route);
    }
  },
});
