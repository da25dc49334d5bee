// GraphQL with graphql-http: the context carries a check, and a resolver that needs the user calls it.
import { buildSchema, GraphQLError } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import type { AuthenticatedUser, Guard } from 'latchkey/guard';

type Context = Record<PropertyKey, unknown> & {
  readonly requireUser: () => Promise<AuthenticatedUser>;
};

export const createGraphql = (guard: Guard) =>
  createHandler<Context>({
    schema: buildSchema('type Query { public: String!, me: String! }'),
    rootValue: {
      public: () => 'Everybody may read this.',
      me: async (_: unknown, { requireUser }: Context) => (await requireUser()).username,
    },
    context: ({ raw }) => ({
      requireUser: async () => guard.authenticate(raw),
    }),
    // The code of the refusal, such as token_expired, tells the client to refresh.
    formatError: (error) => {
      const cause = 'originalError' in error ? error.originalError : undefined;
      const code = cause instanceof Error && 'code' in cause ? cause.code : 'invalid_query';
      return new GraphQLError(error.message, { extensions: { code } });
    },
  });
