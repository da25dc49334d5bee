const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** The rules of one purpose. */
export interface SecretRules {
  readonly lifetimeSeconds: number;
  /** The form of its code: `XXXX-XXXX`, or six digits to be typed into a session. Null: it has no code. */
  readonly code: 'letters' | 'digits' | null;
  readonly codeLifetimeSeconds: number;
  /** Whether its token works only in the browser that it was made for, if it was made for one. */
  readonly isForOneBrowser: boolean;
  /** Whether the token and the code of the same mail are needed: following a link is then not enough. */
  readonly needsTokenAndCode: boolean;
  /**
   * How many live side by side for one subject. `three`: a fourth is not made, so that a stranger cannot end a
   * person's secrets by asking for more. `newest three`: the oldest ends, for secrets that are made only
   * after another proof. `all`: no limit, and none replaces another.
   */
  readonly keeps: 'three' | 'newest three' | 'all';
}

const CODE_LIFETIME_SECONDS = 10 * MINUTE_SECONDS;
const MAILED = {
  code: 'letters',
  codeLifetimeSeconds: CODE_LIFETIME_SECONDS,
  isForOneBrowser: false,
  needsTokenAndCode: false,
  keeps: 'three',
} as const;
const TYPED_INTO_SESSION = { ...MAILED, code: 'digits' } as const;
/** Secrets that take back what a thief did. Nothing that a thief can ask for ends them. */
const TAKES_BACK = {
  lifetimeSeconds: 72 * HOUR_SECONDS,
  code: 'letters',
  codeLifetimeSeconds: 72 * HOUR_SECONDS,
  isForOneBrowser: false,
  needsTokenAndCode: true,
  keeps: 'all',
} as const;
const CHALLENGE = {
  lifetimeSeconds: 10 * MINUTE_SECONDS,
  code: null,
  codeLifetimeSeconds: 0,
  isForOneBrowser: true,
  needsTokenAndCode: false,
  keeps: 'newest three',
} as const;

/** What a one-time secret can be for. None is accepted for another. */
export const SECRET_PURPOSES = {
  /** Signs in. */
  link: { ...MAILED, lifetimeSeconds: 10 * MINUTE_SECONDS, isForOneBrowser: true },
  /** Sets a new password in place of a forgotten one. */
  reset: { ...MAILED, lifetimeSeconds: 30 * MINUTE_SECONDS },
  /** Verifies the address of an account. */
  verify: { ...TYPED_INTO_SESSION, lifetimeSeconds: DAY_SECONDS, isForOneBrowser: true },
  /** Confirms a new address. */
  confirm: { ...TYPED_INTO_SESSION, lifetimeSeconds: DAY_SECONDS },
  /** Invites a person to register. */
  invite: { ...MAILED, code: null, lifetimeSeconds: 7 * DAY_SECONDS },
  /** Undoes a change of address. */
  undo: TAKES_BACK,
  /** Reports that another person did what a mailed notice reports. */
  report: TAKES_BACK,
  /** Continues a sign-in that needs a second factor. */
  challenge: CHALLENGE,
  /** Continues a sign-in that needs a new password. */
  'password-change': CHALLENGE,
} as const satisfies Readonly<Record<string, SecretRules>>;

/** The name of a purpose. */
export type SecretPurpose = keyof typeof SECRET_PURPOSES;

/** The purposes whose secrets outlive a change of the password. */
export const PURPOSES_THAT_OUTLIVE_PASSWORD: readonly SecretPurpose[] = ['undo', 'report'];

/** How many secrets of a purpose live side by side for one subject, unless the purpose keeps all. */
export const SECRETS_PER_SUBJECT = 3;

/** How often a code is compared. After that it is refused. */
export const MAX_CODE_ATTEMPTS = 5;

export function isSecretPurpose(name: string): name is SecretPurpose {
  return Object.hasOwn(SECRET_PURPOSES, name);
}
