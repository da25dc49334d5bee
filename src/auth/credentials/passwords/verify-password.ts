import type { AuthContext } from '../../context.ts';
import type { HashingTerms, PasswordVerdict } from '../../ports/password-hasher.ts';

/**
 * Compares a password with the hash of an account, or with a decoy if there is none.
 * @param hash null: the account has no password; undefined: there is no account
 * @param identifier by which the account was looked for, normalised
 * @throws {ServerOverloaded}
 * @throws {StoreUnavailable}
 */
export async function verifyPassword(
  { hasher, decoys }: AuthContext,
  hash: string | null | undefined,
  password: string,
  identifier: string,
  terms?: HashingTerms,
): Promise<PasswordVerdict> {
  // Found also if it is not needed: it takes time.
  const decoy = await decoys.find(identifier);
  return hasher.verify(hash ?? null, password, decoy, terms);
}
