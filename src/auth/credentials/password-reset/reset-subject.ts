import { OneTimeSecretRefused } from '../../../kernel/errors.ts';
import type { AuthContext } from '../../context.ts';
import { proveOneTimeSecret } from '../one-time-secrets.ts';

/** Whose password a link resets. */
export interface ResetSubject {
  /** The address with most of its characters hidden: `j•••@example.com`. */
  readonly maskedEmail: string;
}

/** Checks the token of a link and uses nothing up: see `PasswordReset.findSubject`. */
export async function findResetSubject(
  context: AuthContext,
  token: string,
): Promise<ResetSubject | undefined> {
  const proven = await proveOneTimeSecret(context, { token }, { purpose: 'reset' }).catch(
    (error: unknown) => {
      if (error instanceof OneTimeSecretRefused) return undefined;
      throw error;
    },
  );
  if (proven === undefined) return undefined;
  const user = await context.store.findUser({ id: proven.subject });
  const email = user?.email ?? null;
  return email === null ? undefined : { maskedEmail: maskEmail(email) };
}

/** Enough for the owner to recognise it, and too little for others to learn it. */
function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const [first = ''] = email;
  return `${first}•••${email.slice(at)}`;
}
