import { list, named, object } from '../../http/schema/json-schema.ts';

const KeySet = named('KeySet', object({ keys: list(object({}, { additionalProperties: true })) }));

const Metadata = named(
  'Metadata',
  object({}, { additionalProperties: true, description: 'The metadata.' }),
);

export const jwksSchema = {
  summary: 'Public keys',
  tags: ['For other programs'],
  description: 'With these, any program verifies access tokens by itself (RFC 7517).',
  response: {
    200: {
      description: 'The keys.',
      content: {
        'application/jwk-set+json': {
          schema: KeySet,
        },
      },
    },
  },
};

export const metadataSchema = {
  summary: 'Authorization server metadata',
  tags: ['For other programs'],
  description: 'The addresses of the endpoints, for clients that configure themselves (RFC 8414).',
  response: {
    200: Metadata,
  },
};
