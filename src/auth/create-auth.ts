import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { AuditChain } from './audit/chain/audit-chain.ts';
import { createEventMaker } from './audit/event-maker.ts';
import { Auth } from './auth.ts';
import { type AuthContext, raiseLongestAccessTtl } from './context.ts';
import { DecoyHashes } from './credentials/passwords/decoy-hashes.ts';
import { createPreparingHasher } from './credentials/passwords/preparing-hasher.ts';
import { type ActiveKeySet, createStaticKeySet, StoredKeySet } from './keys/active-key-set.ts';
import { KeyChanger } from './keys/key-changer.ts';
import { KeyRotationService } from './keys/key-rotation-service.ts';
import { SealedKeyRepository } from './keys/sealed-key-repository.ts';
import { SecretRotationService } from './keys/secret-rotation-service.ts';
import { AttemptLimiter } from './limits/attempt-limiter.ts';
import type { Notice } from './notice.ts';
import type { PasswordHasher } from './ports/password-hasher.ts';
import type { Store } from './ports/store.ts';
import { RevocationLog } from './revocations/revocation-log.ts';
import { createAccessTokenIssuer } from './sessions/tokens/access-token-issuer.ts';
import { createRefreshTokenCodec } from './sessions/tokens/refresh-token.ts';
import type { AuthSettings } from './settings.ts';

/** The settings of the domain, and the parts that it works on. */
export interface AuthParts {
  readonly settings: AuthSettings;
  readonly store: Store;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly random: Random;
  /** Called with what the operator should know about something that was done. Default: nothing is called. */
  readonly onNotice?: (notice: Notice) => void;
}

/**
 * Makes the domain ready: opens the keys of the database or makes them, and loads the live revocations.
 * @throws {InvalidSetting} when the secret is not that of the database
 * @throws {StoreUnavailable}
 */
export async function createAuth(parts: AuthParts): Promise<Auth> {
  const { settings, store, clock, random } = parts;
  const { secret } = settings;
  const repository = await SealedKeyRepository.open({ store, secret, clock, random });
  // Before the first token: a revocation by another node must outlive the tokens of this one.
  await raiseLongestAccessTtl(store, settings);
  const log = new RevocationLog(store, clock);
  const keys = createKeySet(parts, repository, log);
  const context = createContext(parts, { repository, keys, log });
  log.followKeys({
    notifyIfChanged: () => keys.notifyIfChanged(),
    async reload() {
      await repository.load();
      keys.notifyIfChanged();
    },
  });
  // After `followKeys`: another node may have changed keys since the repository was opened.
  await log.catchUp();
  const changer = new KeyChanger(context, repository, keys);
  const keyRotation = new KeyRotationService(context, repository, changer);
  await keyRotation.ensureKey();
  const auditChain = new AuditChain(context);
  const secretRotation = new SecretRotationService(context, repository, changer, auditChain);
  return new Auth(context, { keys, keyRotation, secretRotation, auditChain });
}

function createKeySet(
  { settings, clock }: AuthParts,
  repository: SealedKeyRepository,
  log: RevocationLog,
): ActiveKeySet {
  const { signingKey, algorithm } = settings;
  if (signingKey !== undefined) return createStaticKeySet(signingKey);
  return new StoredKeySet({
    repository,
    clock,
    algorithm,
    tokenLifetimeSeconds: settings.accessTokenTtl,
    maxWaitSeconds: settings.keyRotation.urgentLeadSeconds,
    isRevoked: (kid) => log.index.isKeyRevoked(kid),
  });
}

function createContext(
  parts: AuthParts,
  {
    repository,
    keys,
    log,
  }: { repository: SealedKeyRepository; keys: ActiveKeySet; log: RevocationLog },
): AuthContext {
  const { settings, store, clock, random } = parts;
  const { issuer, limits } = settings;
  const hasher = createPreparingHasher(parts.hasher);
  const dataRoots = () => repository.roots.data;
  return {
    ...parts,
    hasher,
    decoys: new DecoyHashes({ store, hasher, random, dataRoots }),
    notify: parts.onNotice ?? (() => {}),
    log,
    refreshTokens: createRefreshTokenCodec({ roots: () => repository.roots.tokens, issuer, clock }),
    issueAccessToken: createAccessTokenIssuer({ settings, keys, clock, random }),
    async assertCanIssue() {
      repository.assertOpen();
      await keys.waitForSigner();
    },
    // A node that cannot read the present root key still records what it refuses.
    createEvent: createEventMaker(clock, random, () => repository.state.roots.data[0]),
    dataRoots,
    limiter: new AttemptLimiter({ limits, store, clock, random, dataRoots }),
  };
}
