import type { MailLinks, MailTemplates } from '../auth/mail/message.ts';
import type { FieldRule } from '../auth/users/custom-fields.ts';
import { SETTING_NAMES } from '../config/given-settings.ts';
import type { SettingName } from '../config/setting-table.ts';
import {
  aBoolean,
  aFunction,
  aNumber,
  anything,
  anythingOrUndefined,
  aString,
  aStringList,
  mapOf,
  type OptionCheck,
  type OptionChecks,
  optionsOf,
  orFalse,
} from '../kernel/options/check-options.ts';
import type { HashingOptions, LatchkeyOptions, LimitOptions } from './options.ts';

/**
 * A setting may be undefined (`port: process.env.PORT`): its variable or its default takes its place, and no default
 * switches a check off. The table of settings checks the values.
 */
const settings = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, anythingOrUndefined]),
) as Record<SettingName, OptionCheck>;

/** The options of `openLatchkey`, by name. */
export const latchkeyOptionChecks = {
  ...settings,
  signingKey: anything,
  publicKey: anything,
  deriveSecret: aBoolean,
  keyRotation: optionsOf({
    interval: anything,
    lead: anything,
  } satisfies OptionChecks<NonNullable<LatchkeyOptions['keyRotation']>>),
  clientId: aString,
  fields: mapOf(
    optionsOf({
      type: aString,
      required: aBoolean,
      minLength: aNumber,
      maxLength: aNumber,
      of: aString,
      detail: aString,
    } satisfies OptionChecks<FieldRule>),
  ),
  claims: aFunction,
  scopes: aFunction,
  permissions: mapOf(aStringList),
  beforeRegister: aFunction,
  beforeSignIn: aFunction,
  onEvent: aFunction,
  sendMail: aFunction,
  mails: optionsOf({
    resetPassword: aFunction,
    passwordWasReset: aFunction,
  } satisfies OptionChecks<MailTemplates>),
  links: optionsOf({ reset: aString } satisfies OptionChecks<MailLinks>),
  password: optionsOf({
    minLength: aNumber,
    maxLength: aNumber,
  } satisfies OptionChecks<NonNullable<LatchkeyOptions['password']>>),
  limits: orFalse(optionsOf({ privateAddresses: aBoolean } satisfies OptionChecks<LimitOptions>)),
  hashing: optionsOf({
    memoryCost: aNumber,
    timeCost: aNumber,
    parallelism: aNumber,
    threads: aNumber,
    maxQueue: aNumber,
  } satisfies OptionChecks<HashingOptions>),
  auditRetention: anything,
  revocationPollInterval: aNumber,
  startTimeout: anything,
  onWait: aFunction,
  env: anything,
  envFile: anything,
  clock: anything,
  random: anything,
} satisfies OptionChecks<LatchkeyOptions>;
