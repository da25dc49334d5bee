import type { RawBuilder } from 'kysely';
import type { StatementSql } from '../single-statement.ts';
import type { VerbArgs } from '../verb.ts';

/** The numbers of a presented refresh token, in the order in which statements list them; times are ms. */
export const PRESENTED_NUMBERS = ['generation', 'now', 'grace', 'maxAgeMs', 'expiresAt'] as const;
type PresentedNumber = (typeof PRESENTED_NUMBERS)[number];

export type PresentedParameters = Pick<VerbArgs<'rotateSession'>, PresentedNumber>;

/** A presented refresh token, as parameters or columns of a statement. */
export type PresentedInSql = Readonly<Record<PresentedNumber, RawBuilder<unknown>>>;

/**
 * The rule of refresh in SQL, for both statements that rotate sessions. `classifyGeneration` of the domain is the
 * rule itself, and the tests of the store compare the two.
 */
export function refreshCondition({ raw }: StatementSql) {
  const present = (find: (name: PresentedNumber) => RawBuilder<unknown>) =>
    Object.fromEntries(PRESENTED_NUMBERS.map((name) => [name, find(name)])) as PresentedInSql;

  return {
    asParameters: (p: PresentedParameters) => present((name) => raw`${p[name]}::bigint`),
    asColumns: (table: string) => present((name) => raw.ref(`${table}.${name}`)),

    /**
     * Whether a session lives and goes on to its next generation: where `classifyGeneration` says `rotated` or
     * `retried`.
     */
    goesOn: ({ generation, now, grace, maxAgeMs }: PresentedInSql): RawBuilder<unknown> => raw`
      sessions.expires_at > ${now}
      and sessions.created_at > ${now} - ${maxAgeMs}
      and abs(sessions.rotated_at - ${now}) >= ${grace}
      and (
        sessions.generation = ${generation}
        or (
          ${grace} > 0
          and ${generation} >= sessions.first_generation
          and ${generation} = coalesce(sessions.parent_generation, sessions.generation - 1)
        )
      )
      and sessions.epoch = (select session_epoch from users where users.id = sessions.user_id)`,

    /** What changes in a session that goes on. */
    advance: (p: PresentedInSql): RawBuilder<unknown> => raw`
      generation = sessions.generation + 1,
      rotated_at = ${p.now},
      expires_at = least(${p.expiresAt}, sessions.created_at + ${p.maxAgeMs}),
      parent_generation =
        case when sessions.generation = ${p.generation} then null else ${p.generation} end`,
  };
}
