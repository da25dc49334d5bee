import {
  AUDIT_ACTOR_KINDS,
  AUDIT_EVENT_TYPES,
  type AuditActorKind,
  type AuditEventType,
  type AuditOutcome,
} from '../../../auth/audit/event.ts';
import type { AuditEventFilter } from '../../../auth/audit/event-filter.ts';
import type { Auth } from '../../../auth/auth.ts';
import { durationBetween } from '../../../config/duration.ts';
import { findNearest } from '../../../kernel/options/did-you-mean.ts';
import { parseAddress } from '../../../server/http/client-address.ts';
import type { OptionSpec } from '../../shell/command.ts';
import { UsageError } from '../../shell/failures.ts';
import type { Flags } from '../../shell/flags.ts';
import { requireUser, UUID } from '../users/find-user.ts';

/** The options that choose events, for both commands. */
export const filterOptions: Readonly<Record<string, OptionSpec>> = {
  user: {
    type: 'string',
    short: 'u',
    placeholder: 'user',
    description: 'Only events about this user, given by a username, an email address or an id.',
  },
  actor: {
    type: 'string',
    placeholder: 'actor',
    description: `Only events caused by this actor: a user; one of ${AUDIT_ACTOR_KINDS.filter((kind) => kind !== 'user').join(', ')}; or one of these with a name, such as client:orders-api or operator:root.`,
  },
  type: {
    type: 'string',
    multiple: true,
    placeholder: 'type',
    description: 'Only events of this type, or of several types separated by commas.',
  },
  outcome: {
    type: 'string',
    placeholder: 'outcome',
    description: 'Only events with this outcome: success or failure.',
  },
  address: {
    type: 'string',
    placeholder: 'ip',
    description: 'Only events from this network address.',
  },
};

/**
 * Reads the options that need no database.
 * @throws {UsageError} if one is not valid
 */
export function parseFilter(flags: Flags): AuditEventFilter {
  const [outcome, address] = [flags.find('outcome'), flags.find('address')];
  const types = parseTypes(flags.all('type'));
  return {
    ...(types.length === 0 ? {} : { types }),
    ...(outcome === undefined ? {} : { outcome: parseOutcome(outcome) }),
    ...(address === undefined ? {} : { address: requireAddress(address) }),
  };
}

/**
 * Reads the options that name a user or another actor.
 * @throws {RecordNotFound} if there is no such user
 */
export async function findParties(flags: Flags, auth: Auth): Promise<AuditEventFilter> {
  const [user, actor] = [flags.find('user'), flags.find('actor')];
  return {
    ...(user === undefined ? {} : { subjectKind: 'user', subjectId: await findUserId(auth, user) }),
    ...(actor === undefined ? {} : await findActor(auth, actor)),
  };
}

function parseTypes(given: readonly string[]): AuditEventType[] {
  const names = new Set(given.flatMap((text) => text.split(',')));
  return [...names].map((name) => {
    if (isType(name)) return name;
    const known = Object.keys(AUDIT_EVENT_TYPES);
    const meant = findNearest(name, known);
    const hint =
      meant === undefined ? `The types are: ${known.join(', ')}` : `Did you mean ${meant}?`;
    throw new UsageError(`${JSON.stringify(name)} is not a type of event. ${hint}`);
  });
}

function isType(name: string): name is AuditEventType {
  return Object.hasOwn(AUDIT_EVENT_TYPES, name);
}

function parseOutcome(text: string): AuditOutcome {
  if (text === 'success' || text === 'failure') return text;
  throw new UsageError('--outcome must be success or failure.');
}

function requireAddress(text: string): string {
  const address = parseAddress(text);
  if (address !== null) return address;
  throw new UsageError('--address must be an IP address, such as 203.0.113.9 or 2001:db8::1.');
}

/** An id is not looked up, because deleted users have events too. */
async function findUserId({ users }: Auth, name: string): Promise<string> {
  return UUID.test(name) ? name.toLowerCase() : (await requireUser(users, name)).id;
}

async function findActor(
  auth: Auth,
  text: string,
): Promise<Pick<AuditEventFilter, 'actorKind' | 'actorId'>> {
  const [first = '', ...rest] = text.split(':');
  if (!isActorKind(first)) return { actorKind: 'user', actorId: await findUserId(auth, text) };
  const name = rest.join(':');
  if (name === '') return { actorKind: first };
  if (first === 'user') return { actorKind: first, actorId: await findUserId(auth, name) };
  if (first !== 'client') return { actorKind: first, actorId: name };
  const client = (await auth.clients.list()).find((it) => it.name === name);
  return { actorKind: first, actorId: client?.id ?? name };
}

function isActorKind(text: string): text is AuditActorKind {
  return AUDIT_ACTOR_KINDS.some((kind) => kind === text);
}

/**
 * Reads `since` and `until`.
 * @param now ms since the epoch
 * @throws {UsageError}
 */
export function parseRange(flags: Flags, now: number): { since?: number; until?: number } {
  const [since, until] = ['since', 'until'].map((name) => {
    const text = flags.find(name);
    return text === undefined ? undefined : parseTime(name, text, now);
  });
  if (since !== undefined && until !== undefined && since >= until) {
    throw new UsageError('--since must be before --until.');
  }
  return { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** A time without a zone is UTC, as in all output. */
function parseTime(name: string, text: string, now: number): number {
  const refuse = (): never => {
    throw new UsageError(
      `--${name} must be a duration, such as 24h or 7d, or a time, such as 2026-01-31 or 2026-01-31T09:30Z.`,
    );
  };
  const [, day, time = '00:00', zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined) return now - durationBetween('1s', '36500d')(text, refuse) * 1000;
  const isDay = new Date(`${day}T00:00Z`).toJSON()?.startsWith(day);
  const ms = isDay ? Date.parse(`${day}T${time}${zone}`) : Number.NaN;
  return Number.isNaN(ms) ? refuse() : ms;
}
