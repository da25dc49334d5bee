import { SCHEMA_NAME } from '../../http/schema/json-schema.ts';

type Node = Record<string, unknown>;

/** The part of an OpenAPI document that this reads and writes. */
interface Document {
  paths?: object | undefined;
  components?: { schemas?: Node };
}

/**
 * Puts the schemas that have a name among the document's components, and a reference in place of each. Types
 * that are generated from the document then have these names, and each is written once.
 *
 * Done with the finished document, not with Fastify's shared schemas: their names would be one more thing in
 * which a host's app and ours can collide.
 */
export function nameSchemas(document: Document): void {
  const components: Node = {};
  replaceIn(document.paths ?? {}, components);
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...components },
  };
}

function replaceIn(parent: object, components: Node): void {
  for (const [key, child] of Object.entries(parent)) {
    if (typeof child !== 'object' || child === null) continue;
    replaceIn(child, components);
    const { [SCHEMA_NAME]: name, ...schema } = child as Node;
    if (typeof name !== 'string') continue;
    components[name] ??= schema;
    (parent as Node)[key] = { $ref: `#/components/schemas/${name}` };
  }
}
