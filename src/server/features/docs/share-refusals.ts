import { STATUS_CODES } from 'node:http';
import { PROBLEM_TYPE, REASONS } from '../../http/schema/common.ts';

const PROBLEM_REF = '#/components/schemas/Problem';

interface Response {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}

/** The part of an OpenAPI document that this reads and writes. */
interface Document {
  readonly paths?: object;
  components?: { responses?: object };
}

/**
 * Moves our refusals to the document's components, named after their status, and puts a reference in their place.
 * Written out in every operation, they would be most of the document. Call it after the schemas have their names.
 */
export function shareRefusals(document: Document): void {
  const shared: Record<string, Response> = {};
  for (const responses of listResponses(document)) {
    for (const [status, response] of Object.entries(responses)) {
      if (!isRefusal(response, Number(status))) continue;
      const name = STATUS_CODES[status]?.replaceAll(' ', '') ?? status;
      shared[name] = response;
      responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  document.components = { ...document.components, responses: shared };
}

/** The responses of each operation, by status. */
function listResponses({ paths = {} }: Document): Record<string, object>[] {
  const operations: { responses?: Record<string, object> }[] = Object.values(paths).flatMap(
    (methods) => Object.values(methods),
  );
  return operations.map(({ responses = {} }) => responses);
}

/** Whether it is one of ours. A refusal of the host's own has another description. */
function isRefusal({ description, content = {} }: Response, status: number): boolean {
  const schema = content[PROBLEM_TYPE]?.schema;
  const isProblem = schema !== undefined && '$ref' in schema && schema.$ref === PROBLEM_REF;
  return isProblem && description === REASONS[status];
}
