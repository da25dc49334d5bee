import { LatchkeyError } from './latchkey-error.ts';

/**
 * An option in code that stops the start: its name is unknown, its value is undefined, or it is of the wrong
 * kind. A `TypeError`, as it is a mistake in the program and not in its settings.
 */
export class InvalidOption extends TypeError {
  /** Stable, for programs. */
  readonly code = 'invalid_setting';
  /** The option, with the options it is in: `revocations.onStale`; `''` for the options as a whole. */
  readonly setting: string;
  constructor(setting: string, message: string) {
    super(message);
    this.setting = setting;
  }
}

/** A setting that stops the start. The message names it, says what is wrong, and how to correct it. */
export class InvalidSetting extends LatchkeyError {
  override readonly code = 'invalid_setting';
  /** The name of the setting, such as `LATCHKEY_ISSUER` or `issuer`. */
  readonly setting: string;
  constructor(setting: string, problem: string, fix: string) {
    super(`${setting}: ${problem} ${fix}`);
    this.setting = setting;
  }
}

/** A key cannot be used. The message says why, and never quotes the key. */
export class KeyRefused extends LatchkeyError {
  /** `weak_key`: too short or well known. `wrong_key_type`: of another kind than the algorithm needs. */
  override readonly code: 'weak_key' | 'invalid_key' | 'wrong_key_type';
  constructor(code: KeyRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A backup or a database cannot be copied as asked. Nothing was changed. */
export class TransferRefused extends LatchkeyError {
  override readonly code = 'transfer_refused';
}

/** A mail could not be handed over. The message quotes nothing of the mail, and is kept with it. */
export class MailNotSent extends LatchkeyError {
  override readonly code = 'mail_not_sent';
}
