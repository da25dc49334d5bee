import type { Sql } from '../sql/sql.ts';
import { auditVerbs } from './audit.ts';
import { auditChainVerbs } from './audit-chain/chain.ts';
import { erasureVerbs } from './audit-chain/erasure.ts';
import { clientVerbs } from './clients.ts';
import { keyVerbs } from './keys.ts';
import { limitStatements, limitVerbs } from './limits.ts';
import { nodeStateVerbs } from './node-state.ts';
import { oneTimeSecretVerbs } from './one-time-secrets.ts';
import { outboxVerbs } from './outbox.ts';
import { purgeVerbs } from './purge.ts';
import { revocationStatements, revocationVerbs } from './revocations.ts';
import { secondFactorVerbs } from './second-factors/factors.ts';
import { endSessionStatement, endSessionVerb } from './sessions/end-session.ts';
import { findSessionVerbs } from './sessions/find-sessions.ts';
import { openSessionStatement, openSessionVerb } from './sessions/open-session.ts';
import { reauthenticationVerb } from './sessions/reauthenticate.ts';
import { rotationStatements, rotationVerbs } from './sessions/rotation.ts';
import { cleanupVerbs } from './sessions/session-cleanup.ts';
import type { SingleStatements, StatementSql } from './single-statement.ts';
import { statisticsVerbs } from './statistics.ts';
import { accountVerbs } from './users/account.ts';
import { administeredVerbs, administratorVerbs } from './users/administration.ts';
import { passwordVerbs } from './users/change-password.ts';
import { hashSampleStatement, hashSampleVerb } from './users/hash-sample.ts';
import { searchVerbs } from './users/search-users.ts';
import { updateVerbs } from './users/update-user.ts';
import { userStatements, userVerbs } from './users/users.ts';
import type { Verbs } from './verb.ts';
import { writeProbeVerbs } from './write-probe.ts';

/** Every verb of the port, in the form that runs on every database. */
export function createVerbs(sql: Sql): Verbs {
  const account = accountVerbs(sql);
  const password = passwordVerbs(sql);
  return {
    ...userVerbs(sql),
    ...hashSampleVerb(sql),
    ...openSessionVerb(sql),
    ...findSessionVerbs(sql),
    ...rotationVerbs(sql),
    ...reauthenticationVerb(sql),
    ...account,
    ...password,
    ...administeredVerbs(sql, {
      ...account,
      ...password,
      ...updateVerbs(sql),
      ...endSessionVerb(sql),
    }),
    ...administratorVerbs(sql),
    ...searchVerbs(sql),
    ...statisticsVerbs(sql),
    ...cleanupVerbs(sql),
    ...revocationVerbs(sql),
    ...oneTimeSecretVerbs(sql),
    ...limitVerbs(sql),
    ...secondFactorVerbs(sql),
    ...outboxVerbs(sql),
    ...keyVerbs(sql),
    ...clientVerbs(sql),
    ...nodeStateVerbs(sql),
    ...auditVerbs(sql),
    ...auditChainVerbs(sql),
    ...erasureVerbs(sql),
    ...purgeVerbs(sql),
    ...writeProbeVerbs(sql),
  };
}

/** The verbs that PostgreSQL mostly runs as one statement; the form for all cases is in {@link createVerbs}. */
export function createSingleStatements(sql: StatementSql): SingleStatements {
  return {
    ...userStatements(sql),
    ...hashSampleStatement(sql),
    ...openSessionStatement(sql),
    ...endSessionStatement(sql),
    ...rotationStatements(sql),
    ...revocationStatements(sql),
    ...limitStatements(sql),
  };
}
