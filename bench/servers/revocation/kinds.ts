/** Every way to revoke a token. */
export const kinds = [
  'one token',
  'sign out',
  'end another session',
  'sign out everywhere',
  'new password',
  'new roles',
  'disable',
  'delete',
] as const;
export type Kind = (typeof kinds)[number];
