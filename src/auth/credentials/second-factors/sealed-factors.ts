import type { Random } from '../../../kernel/random.ts';
import type { RootKey } from '../../keys/root-keys.ts';
import {
  isSealedUnderNewest,
  openValue,
  type SealedPlace,
  sealValue,
} from '../../keys/sealed-values.ts';
import type {
  AuthenticatorRecord,
  RecoveryCodesRecord,
  Resealed,
  SealedValue,
} from '../../ports/second-factors.ts';
import type { Store } from '../../ports/store.ts';

const PURPOSES = {
  authenticators: 'secrets of authenticators v1',
  recovery_codes: 'keys of recovery codes v1',
} as const;
const PAGE = 500;

/** Where the secret of an authenticator is stored. */
export function placeOfSecret({
  id,
  userId,
}: Pick<AuthenticatorRecord, 'id' | 'userId'>): SealedPlace {
  return { purpose: PURPOSES.authenticators, context: [userId, id] };
}

/** Where the key of a user's recovery codes is stored. */
export function placeOfKey({ userId }: Pick<RecoveryCodesRecord, 'userId'>): SealedPlace {
  return { purpose: PURPOSES.recovery_codes, context: [userId] };
}

/**
 * Seals again what is not sealed under the newest of the root keys. Nothing is stored.
 * @param roots the root keys for data, the newest first: the new one, and those that open what is stored
 */
export async function resealFactors(
  store: Store,
  roots: readonly RootKey[],
  random: Random,
): Promise<Resealed[]> {
  const resealed: Resealed[] = [];
  for (const table of ['authenticators', 'recovery_codes'] as const) {
    for await (const value of listAll(store, table)) {
      if (isSealedUnderNewest(roots, value.sealed)) continue;
      const { id, userId, sealed: from } = value;
      const place = table === 'authenticators' ? placeOfSecret({ id, userId }) : placeOfKey(value);
      const opened = openValue(roots, place, from);
      if (opened === undefined) continue;
      resealed.push({ table, id, from, to: sealValue(roots, place, opened, random) });
    }
  }
  return resealed;
}

async function* listAll(store: Store, table: Resealed['table']): AsyncGenerator<SealedValue> {
  let after: string | null = null;
  for (;;) {
    const page: SealedValue[] = await store.listSealed({ table, after, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}
