import { isScopeName } from '../../jwt/scope.ts';
import { InvalidSetting } from '../../kernel/errors.ts';

/**
 * The permissions of each role: `{ editor: ['posts:read', 'posts:write'] }`. A role that is not named has none. A
 * permission is a name without spaces.
 */
export type PermissionMap = Readonly<Record<string, readonly string[]>>;

/** The permissions of roles, as the operator's map gives them. */
export class RolePermissions {
  readonly #byRole: ReadonlyMap<string, ReadonlySet<string>>;

  /** @throws {InvalidSetting} if a permission is not a name without spaces */
  constructor(map: PermissionMap) {
    for (const [role, names] of Object.entries(map)) assertNames(role, names);
    this.#byRole = new Map(Object.entries(map).map(([role, names]) => [role, new Set(names)]));
  }

  /** @returns all permissions of these roles, each once, in the order of their names */
  list(roles: readonly string[]): readonly string[] {
    const names = new Set<string>();
    for (const role of roles) for (const name of this.#byRole.get(role) ?? []) names.add(name);
    return [...names].sort();
  }

  /** @returns whether one of these roles has the permission */
  has(roles: readonly string[], permission: string): boolean {
    return roles.some((role) => this.#byRole.get(role)?.has(permission) === true);
  }
}

function assertNames(role: string, names: unknown): void {
  if (Array.isArray(names) && names.every(isScopeName)) return;
  throw new InvalidSetting(
    'permissions',
    `has permissions of the role ${JSON.stringify(role)} that are not a list of names.`,
    "Write names without spaces: { editor: ['posts:write'] }.",
  );
}
