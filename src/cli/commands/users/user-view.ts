import type { User } from '../../../auth/model.ts';
import { toPrintable, toShortTime } from '../../shell/terminal/printable.ts';

/** Names the user in a sentence. */
export function toLabel({ username, email, id }: User): string {
  return toPrintable(username ?? email ?? id);
}

/** Describes the user, one field on each line. */
export function describeUser(user: User): string {
  const { disabledAt, passwordChangeRequiredAt } = user;
  const rows = [
    ['id', user.id],
    ['username', user.username],
    ['email', user.email],
    ['name', user.name],
    ['roles', user.roles.join(', ')],
    ...Object.entries(user.profile).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    ['created', toShortTime(user.createdAt)],
    ['changed', toShortTime(user.updatedAt)],
    ['disabled', disabledAt === null ? 'no' : `since ${toShortTime(disabledAt)}`],
    ...(passwordChangeRequiredAt === null
      ? []
      : [['password', `must be changed since ${toShortTime(passwordChangeRequiredAt)}`]]),
  ];
  return rows
    .map(([label, text]) => `  ${String(label).padEnd(10)}${toPrintable(text || '–')}`)
    .join('\n');
}
