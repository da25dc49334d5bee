import { isSameSecret } from '../../kernel/encoding/same-secret.ts';
import type { Random } from '../../kernel/random.ts';
import type { RootKey } from '../keys/root-keys.ts';
import type { UserRecord } from '../model.ts';
import { createLimitMac } from './bucket-keys.ts';

/** How many accounts one device is known for: the latest to sign in. */
const MAX_ACCOUNTS = 10;
const DEVICE_ID_BYTES = 16;
const TOKEN = /^1\.([\w-]{22})((?:\.[\w-]{22}){0,10})$/;

/** What the cookie of a device holds. Nothing of it is a credential. */
interface DeviceToken {
  /** Random, and the same for all accounts of the device. */
  readonly id: string;
  /** One for each account, the latest first: over the device, the account and the version of its password. */
  readonly macs: readonly string[];
}

type Account = Pick<UserRecord, 'id' | 'credentialVersion'>;

/** Finds the random id of a device that has signed in to an account since its password was last replaced. */
export function findKnownDevice(
  roots: readonly RootKey[],
  token: string | undefined,
  account: Account,
): string | undefined {
  const parsed = parse(token);
  if (parsed === undefined || parsed.macs.length === 0) return undefined;
  const { id, macs } = parsed;
  const isKnown = roots.some((root) => {
    const expected = createDeviceMac(root, id, account);
    return macs.some((mac) => isSameSecret(mac, expected));
  });
  return isKnown ? id : undefined;
}

/** Whether a token says that its device is known for some account. Whether that is so depends on the account. */
export function mayBeKnown(token: string | undefined): boolean {
  return (parse(token)?.macs.length ?? 0) > 0;
}

/**
 * Makes the token of a device that has just signed in to an account.
 * @param before the token that came with the sign-in
 * @param isTrusted false: the device failed too often. It gets a new id, and is known for this account alone
 */
export function createDeviceToken(
  roots: readonly RootKey[],
  random: Random,
  account: Account,
  { before, isTrusted }: { before: string | undefined; isTrusted: boolean },
): string {
  const [root] = roots;
  if (root === undefined) throw new Error('There is no root key for data.');
  const { id, macs } = (isTrusted ? parse(before) : undefined) ?? createDevice(random);
  const mac = createDeviceMac(root, id, account);
  const others = macs.filter((it) => it !== mac);
  return ['1', id, mac, ...others.slice(0, MAX_ACCOUNTS - 1)].join('.');
}

function createDevice(random: Random): DeviceToken {
  return { id: Buffer.from(random.bytes(DEVICE_ID_BYTES)).toString('base64url'), macs: [] };
}

function parse(token: string | undefined): DeviceToken | undefined {
  const [, id, macs] = TOKEN.exec(token ?? '') ?? [];
  if (id === undefined || macs === undefined) return undefined;
  return { id, macs: macs.split('.').slice(1) };
}

function createDeviceMac(root: RootKey, id: string, account: Account): string {
  return createLimitMac(root, 'known devices v1', [
    id,
    account.id,
    String(account.credentialVersion),
  ]).toString('base64url');
}
