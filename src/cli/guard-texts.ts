import type { Guard } from '../auth/model.ts';

/** The guard as programs see it. */
export function toGuardView({ id, name, createdAt }: Guard): Record<string, unknown> {
  return { id, name, created_at: new Date(createdAt).toISOString() };
}
