import type { PasswordHasher } from '../../ports/password-hasher.ts';
import { preparePassword } from './prepare-password.ts';

/**
 * Hashes and verifies passwords as {@link preparePassword} returns them.
 *
 * A hash from another system, or from version 0.1, may be of the password as it was typed. If the two forms differ,
 * both are tried, and a hash of the second is outdated. Which passwords have two forms depends on the password alone, so
 * the time tells nothing about the account.
 */
export function createPreparingHasher(hasher: PasswordHasher): PasswordHasher {
  return {
    hash: (password, terms) => hasher.hash(preparePassword(password), terms),

    async verify(hash, password, decoy, terms) {
      const prepared = preparePassword(password);
      const result = await hasher.verify(hash, prepared, decoy, terms);
      if (result.ok || prepared === password) return result;
      const { ok } = await hasher.verify(hash, password, decoy, terms);
      return { ok, outdated: ok };
    },

    createDecoy: (hash) => hasher.createDecoy?.(hash),
    expectDecoys: (decoys) => hasher.expectDecoys?.(decoys),
    assertRoom: (terms) => hasher.assertRoom?.(terms),
    findHashProblem: (hash) => hasher.findHashProblem?.(hash),
    close: () => hasher.close(),
  };
}
