import { createUuidFloor } from '../../kernel/uuid.ts';
import { InputReader } from '../input.ts';
import { type ParsedPage, readPage } from '../page.ts';
import type { AuditQuery } from './audit-trail.ts';
import {
  AUDIT_ACTOR_KINDS,
  AUDIT_EVENT_TYPES,
  AUDIT_SUBJECT_KINDS,
  type AuditEventType,
} from './event.ts';

const TEXT_MAX = 256;
const TYPES_MAX = 2048;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** A search of the audit trail, as it was asked for. */
export interface ParsedAuditQuery {
  readonly query: AuditQuery;
  readonly page: ParsedPage;
}

/**
 * Reads the query of a request for events. `actor` and `subject` are the id of a user, a kind such as `operator`, or
 * both, such as `client:0123456789abcdef`. `type` may be several, separated by commas. `since` and `until` are times.
 * @throws {InvalidInput}
 */
export function parseAuditQuery(input: unknown): ParsedAuditQuery {
  const reader = new InputReader(input);
  const actor = readParty(reader, 'actor', AUDIT_ACTOR_KINDS);
  const subject = readParty(reader, 'subject', AUDIT_SUBJECT_KINDS);
  const types = readTypes(reader);
  const outcome = reader.optionalString('outcome', { max: TEXT_MAX });
  if (outcome !== undefined && outcome !== 'success' && outcome !== 'failure') {
    reader.problem('outcome', '"outcome" must be "success" or "failure".');
  }
  const address = reader.optionalString('address', { max: TEXT_MAX });
  const [since, until] = [readTime(reader, 'since'), readTime(reader, 'until')];
  const page = readPage(reader);
  reader.finish();
  return {
    query: {
      ...(actor.kind === undefined ? {} : { actorKind: actor.kind }),
      ...(actor.id === undefined ? {} : { actorId: actor.id }),
      ...(subject.kind === undefined ? {} : { subjectKind: subject.kind }),
      ...(subject.id === undefined ? {} : { subjectId: subject.id }),
      ...(types === undefined ? {} : { types }),
      ...(outcome === 'success' || outcome === 'failure' ? { outcome } : {}),
      ...(address === undefined ? {} : { address }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
    page,
  };
}

/** Reads a kind, an id of a user, or a kind and an id with a colon between. */
function readParty<Kind extends string>(
  reader: InputReader,
  field: string,
  kinds: readonly Kind[],
): { readonly kind?: Kind; readonly id?: string } {
  const text = reader.optionalString(field, { max: TEXT_MAX });
  if (text === undefined) return {};
  const user = kinds.find((kind) => kind === 'user');
  if (UUID.test(text.toLowerCase()) && user !== undefined) {
    return { kind: user, id: text.toLowerCase() };
  }
  const [name = ''] = text.split(':', 1);
  const kind = kinds.find((it) => it === name);
  if (kind === undefined) {
    const known = kinds.join(', ');
    reader.problem(
      field,
      `"${field}" must be the id of a user, or one of ${known}, with ":" and an id if you want one.`,
    );
    return {};
  }
  const id = text.slice(name.length + 1);
  return id === '' ? { kind } : { kind, id };
}

function readTypes(reader: InputReader): AuditEventType[] | undefined {
  const text = reader.optionalString('type', { max: TYPES_MAX });
  if (text === undefined) return undefined;
  const names = [...new Set(text.split(','))];
  const unknown = names.find((name) => !isType(name));
  if (unknown !== undefined) {
    reader.problem('type', `"type" has ${JSON.stringify(unknown)}, which is not a type of event.`);
  }
  return names.filter(isType);
}

function isType(name: string): name is AuditEventType {
  return Object.hasOwn(AUDIT_EVENT_TYPES, name);
}

/** @returns ms since the epoch */
function readTime(reader: InputReader, field: string): number | undefined {
  const text = reader.optionalString(field, { max: TEXT_MAX });
  if (text === undefined) return undefined;
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms) && createUuidFloor(ms).length === 13) return ms;
  reader.problem(
    field,
    `"${field}" must be a time, such as 2026-01-31 or 2026-01-31T09:30:00Z (with "+" as %2B).`,
  );
  return undefined;
}
