import type { FieldRules } from '../../../auth/users/custom-fields.ts';
import {
  ByCookie,
  email,
  password,
  refusals,
  TransportQuery,
  tokenProperties,
  User,
  username,
} from '../../http/schema/common.ts';
import {
  boolean,
  either,
  named,
  number,
  object,
  optional,
  type Schema,
  string,
} from '../../http/schema/json-schema.ts';

const UserWithTokens = named('UserWithTokens', object({ user: User, ...tokenProperties }));

export function createRegisterSchema(fields: FieldRules) {
  const own = Object.entries(fields).map(([name, rule]) => {
    const schema = toFieldSchema(rule);
    return [name, rule.required || rule.type === 'repeat' ? schema : optional(schema)] as const;
  });
  return {
    summary: 'Register',
    description: 'Creates a user and signs it in. Give a username, an email address, or both.',
    tags: ['Sign in'],
    querystring: TransportQuery,
    body: named(
      'Registration',
      object(
        {
          username: optional(username),
          email: optional(email),
          password,
          name: optional(string({ maxLength: 256 })),
          ...Object.fromEntries(own),
        },
        {
          additionalProperties: false,
          examples: [{ username: 'janedoe', email: 'jane@example.com', password: 'correct horse' }],
        },
      ),
    ),
    response: {
      201: either([UserWithTokens, ByCookie], { description: 'Registered and signed in.' }),
      ...refusals(400, 403, 409, 413, 415, 429),
    },
  };
}

function toFieldSchema(rule: FieldRules[string]): Schema {
  switch (rule.type) {
    case 'repeat':
      return string({ format: 'password' });
    case 'number':
      return number();
    case 'boolean':
      return boolean();
    case 'string':
      return string({ minLength: rule.minLength ?? 1, maxLength: rule.maxLength ?? 256 });
  }
}
