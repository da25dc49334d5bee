import type { Notice } from './notice.ts';
import type { Store } from './ports/store.ts';

/** The names that tokens are issued under. */
interface Names {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** Whether the issuer is derived from the address to listen on, because no setting gives one. */
  readonly isDefault: boolean;
}

/**
 * Stores under which issuer and audience tokens are issued, and warns the operator when they change: every token
 * issued before is refused from then on, and the cause would be hard to find.
 */
export async function noticeIssuerChange(
  store: Store,
  { issuer, audience, isDefault }: Names,
): Promise<Notice[]> {
  // In the form of the setting.
  const audiences = [audience].flat();
  const written = audiences.join(',');
  const [oldIssuer, oldAudience] = await Promise.all([
    replaceValue(store, 'issuer', issuer),
    replaceValue(store, 'audience', written),
  ]);
  if (oldIssuer !== undefined) {
    const why = isDefault
      ? ', because it follows from host and port and LATCHKEY_ISSUER is not set'
      : '';
    return [
      warn(
        `The issuer was ${oldIssuer} and is ${issuer} now${why}. Tokens issued before are refused, and their users must sign in again. To keep them, set LATCHKEY_ISSUER=${oldIssuer}`,
      ),
    ];
  }
  // One audience in common is enough for a token.
  if (oldAudience === undefined || oldAudience.split(',').some((one) => audiences.includes(one))) {
    return [];
  }
  return [
    warn(
      `The audience was ${oldAudience} and is ${written} now. Access tokens issued before are refused until they are refreshed. To keep them, set LATCHKEY_AUDIENCE=${oldAudience}`,
    ),
  ];
}

const warn = (text: string): Notice => ({ level: 'warning', about: 'issuer', text });

/** Stores a value. @returns the value before it, if that was different */
async function replaceValue(
  store: Store,
  name: string,
  value: string,
): Promise<string | undefined> {
  const found = await store.compareAndSet({ name, expected: '', value });
  if (found === value) return undefined;
  await store.compareAndSet({ name, expected: found, value });
  return found;
}
