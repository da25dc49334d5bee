import { STATUS_CODES } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { PROBLEM_TYPE, REASONS } from '../../http/schema/common.ts';

const PROBLEM_REF = '#/components/schemas/Problem';

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
  const shared: Record<string, object> = {};
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

/**
 * Whether it is the response that `refusals` describes, in every part. Which route it is of does not matter: a
 * reference says exactly the same.
 */
function isRefusal(response: object, status: number): boolean {
  const content = { [PROBLEM_TYPE]: { schema: { $ref: PROBLEM_REF } } };
  return isDeepStrictEqual(response, { description: REASONS[status], content });
}
