import type { Store } from '../../auth/ports/store.ts';
import type { Steps } from '../sql/steps.ts';

/** The port's verbs that run as statements on the database. */
export type VerbName = Exclude<keyof Store, 'close' | 'subscribe'>;

export type VerbArgs<K extends VerbName> = Parameters<Store[K]>[0];

/**
 * Every verb of the port as steps. Each is atomic, because the driver runs it inside a transaction.
 */
export type Verbs = {
  readonly [K in VerbName]: (args: VerbArgs<K>) => Steps<Awaited<ReturnType<Store[K]>>>;
};

const IS_READING: Record<VerbName, boolean> = {
  createUser: false,
  findUser: true,
  samplePasswordHashes: true,
  listUsers: true,
  searchUsers: true,
  hasAdministrator: true,
  updateUser: false,
  readStatistics: true,
  openSession: false,
  rotateSession: false,
  reauthenticate: false,
  findSession: true,
  listSessions: true,
  endSession: false,
  endAllSessions: false,
  changePassword: false,
  requirePasswordChange: false,
  withdrawPassword: false,
  replaceHash: false,
  setRoles: false,
  setDisabled: false,
  deleteUser: false,
  findSessionCleanup: true,
  cleanUpSessions: false,
  revokeToken: false,
  listRevocations: true,
  createClient: false,
  findClient: true,
  listClients: true,
  rotateClientSecret: false,
  deleteClient: false,
  createOneTimeSecret: false,
  findOneTimeSecret: true,
  tryOneTimeCode: false,
  consumeOneTimeSecret: false,
  takePlaces: false,
  leavePlaces: false,
  nameBucket: false,
  findBucket: true,
  removeBuckets: false,
  listClosedBuckets: true,
  findFactors: true,
  addAuthenticator: false,
  confirmAuthenticator: false,
  removeAuthenticator: false,
  replaceRecoveryCodes: false,
  tryChallenge: false,
  listSealed: true,
  queueMail: false,
  findDueMails: true,
  claimMail: false,
  finishMail: false,
  listMails: true,
  retryMails: false,
  readKeys: true,
  changeKeys: false,
  setMax: false,
  compareAndSet: false,
  recordEvent: false,
  listEvents: true,
  readUnsealed: true,
  sealEvents: false,
  readSealed: true,
  countUnsealed: true,
  readUndelivered: true,
  cutEvents: false,
  eraseEvents: false,
  findErasure: true,
  purgeExpired: false,
  ping: true,
  tryWriting: false,
};

/** Whether the verb never writes, and therefore needs neither a write lock nor a commit. */
export function isReadingVerb(verb: VerbName): boolean {
  return IS_READING[verb];
}

/** Makes the verbs of the port from a function that makes the call of one verb. */
export function createVerbCalls(
  verb: <K extends VerbName>(name: K) => Store[K],
): Pick<Store, VerbName> {
  const names = Object.keys(IS_READING) as VerbName[];
  return Object.fromEntries(names.map((name) => [name, verb(name)])) as Pick<Store, VerbName>;
}
