import type {
  ActingAdministrator,
  AdministrationRefusal,
  RevocationResult,
} from '../../../auth/ports/revocations.ts';
import { query } from '../../sql/query.ts';
import type { Sql } from '../../sql/sql.ts';
import type { Steps } from '../../sql/steps.ts';
import type { VerbArgs, Verbs } from '../verb.ts';
import { NOT_FOUND } from './session-epoch.ts';

/** What an act of an administrator means for the user that it is about. */
type Act = 'changes the user' | 'takes the user away' | 'other';

/** The acts that administrators share with users, operators and the host's code. */
const ACTS = {
  updateUser: 'changes the user',
  changePassword: 'changes the user',
  setRoles: 'changes the user',
  setDisabled: 'takes the user away',
  deleteUser: 'takes the user away',
  endSession: 'other',
  endAllSessions: 'other',
} as const satisfies { readonly [K in keyof Verbs]?: Act };

type AdministeredVerb = keyof typeof ACTS;

/**
 * Wraps the verbs that administrators use, so that what such a verb is given as `by` is checked in its transaction. The
 * attack: an administrator who is demoted or disabled at this moment still acts; or the last two remove each other at the
 * same moment.
 */
export function administeredVerbs(
  sql: Sql,
  verbs: Pick<Verbs, AdministeredVerb>,
): Pick<Verbs, AdministeredVerb> {
  const findRefusal = refusalFinder(sql);

  function administered<K extends AdministeredVerb>(name: K, actOf: (args: VerbArgs<K>) => Act) {
    const verb = verbs[name] as (args: VerbArgs<K>) => Steps<RevocationResult>;
    return function* (args: VerbArgs<K>): Steps<RevocationResult> {
      const { by, userId } = args as { by?: ActingAdministrator; userId: string };
      const refused = by && (yield* findRefusal(by, userId, actOf(args)));
      return refused === undefined ? yield* verb(args) : { ...NOT_FOUND, refused };
    };
  }

  return {
    updateUser: administered('updateUser', () => ACTS.updateUser),
    changePassword: administered('changePassword', () => ACTS.changePassword),
    setRoles: administered('setRoles', () => ACTS.setRoles),
    setDisabled: administered('setDisabled', ({ disabled }) =>
      disabled ? ACTS.setDisabled : 'other',
    ),
    deleteUser: administered('deleteUser', () => ACTS.deleteUser),
    endSession: administered('endSession', () => ACTS.endSession),
    endAllSessions: administered('endAllSessions', () => ACTS.endAllSessions),
  };
}

/** Finds out whether an administrator may do something, and keeps it so until the transaction ends. */
function refusalFinder(sql: Sql) {
  // In the order of their ids: two administrators who act on each other must not wait for each other.
  const lockBoth = query(sql, 'administration.lockBoth', (p: { one: string; other: string }) =>
    sql.forUpdate(
      sql.db
        .selectFrom('users')
        .select(['id', 'roles', 'disabled_at as disabledAt', 'session_epoch as epoch'])
        .where((it) => it.or([it('id', '=', p.one), it('id', '=', p.other)]))
        .orderBy('id'),
    ),
  );
  const findLive = query(
    sql,
    'administration.findLive',
    (p: { id: string; userId: string; epoch: number }) =>
      sql.db
        .selectFrom('sessions')
        .select('id')
        .where('id', '=', p.id)
        .where('user_id', '=', p.userId)
        .where('epoch', '=', p.epoch),
  );
  const findAnother = query(
    sql,
    'administration.findAnother',
    (p: { role: string; userId: string }) =>
      sql.db
        .selectFrom('user_roles')
        .innerJoin('users', 'users.id', 'user_roles.user_id')
        .select('users.id')
        .where('user_roles.role', '=', p.role)
        .where('user_roles.user_id', '<>', p.userId)
        .where('users.disabled_at', 'is', null)
        .limit(1),
  );

  return function* (
    { userId: actorId, sessionId, role }: ActingAdministrator,
    userId: string,
    act: Act,
  ): Steps<AdministrationRefusal | undefined> {
    // Of two acts at the same moment the second sees what the first left: the locks of rows alone would let two pairs of
    // administrators remove each other.
    if (act === 'takes the user away') yield* sql.lockName('latchkey administrators');
    const rows = yield* lockBoth({ one: actorId, other: userId });
    const actor = rows.find(({ id }) => id === actorId);
    if (actor === undefined || actor.disabledAt !== null || !hasRole(actor.roles, role)) {
      return 'not_administrator';
    }
    const live = yield* findLive({ id: sessionId, userId: actorId, epoch: actor.epoch });
    if (live.length === 0) return 'not_administrator';
    const subject = rows.find(({ id }) => id === userId);
    if (subject === undefined || act === 'other' || !hasRole(subject.roles, role)) return undefined;
    if (act === 'changes the user') return 'administrator';
    if (subject.disabledAt !== null) return undefined;
    const others = yield* findAnother({ role, userId });
    return others.length === 0 ? 'last_administrator' : undefined;
  };
}

function hasRole(roles: string, role: string): boolean {
  return (JSON.parse(roles) as string[]).includes(role);
}

/** Whether there is an enabled administrator. */
export function administratorVerbs(sql: Sql): Pick<Verbs, 'hasAdministrator'> {
  const findAny = query(sql, 'administration.findAny', (p: { role: string }) =>
    sql.db
      .selectFrom('user_roles')
      .innerJoin('users', 'users.id', 'user_roles.user_id')
      .select('users.id')
      .where('user_roles.role', '=', p.role)
      .where('users.disabled_at', 'is', null)
      .limit(1),
  );
  return {
    *hasAdministrator({ role }) {
      return (yield* findAny({ role })).length > 0;
    },
  };
}
