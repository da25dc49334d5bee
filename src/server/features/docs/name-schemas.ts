import { SCHEMA_NAME } from '../../http/schema/json-schema.ts';

type Node = Record<string, unknown>;

/** The part of an OpenAPI document that this reads and writes. */
interface Document {
  paths?: object | undefined;
  components?: { schemas?: Node };
}

/**
 * Moves the schemas that have a name to the document's components, and puts a reference in their place. Types that are
 * generated from the document then have these names, and each schema is written once.
 *
 * This is done with the finished document and not with Fastify's shared schemas, whose names could collide with those
 * of a host's app.
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
