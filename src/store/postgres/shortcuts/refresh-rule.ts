import { type RawBuilder, sql as raw } from 'kysely';

/** A refresh token as it was presented, as parameters or columns of a statement. All are numbers; times are ms. */
export interface PresentedInSql {
  readonly generation: RawBuilder<unknown>;
  readonly now: RawBuilder<unknown>;
  readonly grace: RawBuilder<unknown>;
  readonly maxAgeMs: RawBuilder<unknown>;
  readonly expiresAt: RawBuilder<unknown>;
}

/** Whether the session has not ended together with all of its user's. */
const isOfThisEpoch = raw`sessions.epoch =
  (select session_epoch from users where users.id = sessions.user_id)`;

/**
 * Whether a session lives and goes on to its next generation: where `classifyGeneration` of the domain says
 * `rotated` or `retried`. Both statements that rotate sessions have their condition from here.
 */
export function goesOn({ generation, now, grace, maxAgeMs }: PresentedInSql): RawBuilder<unknown> {
  return raw`
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
    and ${isOfThisEpoch}`;
}

/** What changes in a session that goes on. */
export function advance(p: PresentedInSql): RawBuilder<unknown> {
  return raw`
    generation = sessions.generation + 1,
    rotated_at = ${p.now},
    expires_at = least(${p.expiresAt}, sessions.created_at + ${p.maxAgeMs}),
    parent_generation =
      case when sessions.generation = ${p.generation} then null else ${p.generation} end`;
}
