import type { SecondFactor } from '../../../auth/credentials/second-factors/enrolment.ts';
import { toTime } from '../../http/views.ts';

/** A second factor as its user sees it. */
export function toFactorView(factor: SecondFactor): Record<string, unknown> {
  const { id, kind, name, createdAt, lastUsedAt } = factor;
  return {
    id,
    kind,
    name,
    created_at: toTime(createdAt),
    last_used_at: lastUsedAt === null ? null : toTime(lastUsedAt),
  };
}
