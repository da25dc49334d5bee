import type { KeyWithStatus } from '../../../auth/administration/keys.ts';
import type { Client, User } from '../../../auth/model.ts';
import { toTime, toUserView } from '../../http/views.ts';

/** The user as the API returns it, with fields that only administrators see. */
export function toAdminView(user: User): Record<string, unknown> {
  return {
    ...toUserView(user),
    updated_at: toTime(user.updatedAt),
    disabled_at: toTimeOrNull(user.disabledAt),
    password_change_required_at: toTimeOrNull(user.passwordChangeRequiredAt),
  };
}

/** The client as JSON. */
export function toClientView(client: Client): Record<string, unknown> {
  const { id, name, kind, createdAt, oldSecretsEndAt } = client;
  return {
    id,
    name,
    kind,
    created_at: toTime(createdAt),
    old_secrets_end_at: toTimeOrNull(oldSecretsEndAt),
  };
}

/** The key as JSON, without its private part. */
export function toKeyView({ key, status }: KeyWithStatus): Record<string, unknown> {
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    state: status,
    created_at: toTime(key.createdAt),
    active_at: toTime(key.activeAt),
    retired_at: toTimeOrNull(key.retiredAt),
    revoked_at: toTimeOrNull(key.revokedAt),
  };
}

function toTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : toTime(ms);
}
