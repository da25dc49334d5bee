import type { Sql } from '../sql/sql.ts';
import { accountVerbs } from './account.ts';
import { auditVerbs } from './audit.ts';
import { clientVerbs } from './clients.ts';
import { keyVerbs } from './keys.ts';
import { nodeStateVerbs } from './node-state.ts';
import { oneTimeSecretVerbs } from './one-time-secrets.ts';
import { housekeepingVerbs } from './purge.ts';
import { revocationVerbs } from './revocations.ts';
import { rotationVerbs } from './rotation.ts';
import { cleanupVerbs } from './session-cleanup.ts';
import { sessionVerbs } from './sessions.ts';
import { userVerbs } from './users.ts';
import type { Verbs } from './verb.ts';
import { writeProbeVerbs } from './write-probe.ts';

/** The whole port in one text for every database. */
export function createVerbs(sql: Sql): Verbs {
  return {
    ...userVerbs(sql),
    ...sessionVerbs(sql),
    ...rotationVerbs(sql),
    ...accountVerbs(sql),
    ...cleanupVerbs(sql),
    ...revocationVerbs(sql),
    ...oneTimeSecretVerbs(sql),
    ...keyVerbs(sql),
    ...clientVerbs(sql),
    ...nodeStateVerbs(sql),
    ...auditVerbs(sql),
    ...housekeepingVerbs(sql),
    ...writeProbeVerbs(sql),
  };
}
