import { type MailSettings, TOKEN_PLACEHOLDER } from '../auth/mail/mail-settings.ts';
import { type AuthSettings, DEFAULT_KEY_ROTATION, type KeyRotation } from '../auth/settings.ts';
import { type FieldRules, RESERVED_FIELDS } from '../auth/users/custom-fields.ts';
import { RolePermissions } from '../auth/users/permissions.ts';
import { durationBetween } from '../config/duration.ts';
import type { Refuse } from '../config/setting-error.ts';
import type { Settings } from '../config/settings.ts';
import { InvalidSetting } from '../kernel/errors.ts';
import type { LatchkeyOptions } from './options.ts';
import { readSigningKey } from './signing-key.ts';

/** Combines the settings with what only code can give. @throws {InvalidSetting} */
export function createAuthSettings(
  settings: Settings,
  secret: string,
  options: LatchkeyOptions,
): AuthSettings {
  const passwordMinLength = options.password?.minLength ?? 8;
  const passwordMaxLength = options.password?.maxLength ?? 1024;
  assertLengths(passwordMinLength, passwordMaxLength);
  return {
    ...settings,
    clientId: options.clientId ?? 'latchkey',
    secret,
    signingKey: readSigningKey(options, settings.algorithm),
    keyRotation: readKeyRotation(options),
    passwordMinLength,
    passwordMaxLength,
    mail: readMailSettings(settings, options),
    auditRetention: parseRetention(options.auditRetention ?? '90d'),
    fields: parseFields(options.fields ?? {}),
    permissions: new RolePermissions(options.permissions ?? {}),
    limits: readLimits(options.limits),
    claims: options.claims,
    scopes: options.scopes,
    beforeRegister: options.beforeRegister,
    beforeSignIn: options.beforeSignIn,
  };
}

function readLimits(limits: LatchkeyOptions['limits'] = {}): AuthSettings['limits'] {
  return limits !== false && { privateAddresses: limits.privateAddresses ?? false };
}

function readMailSettings(settings: Settings, options: LatchkeyOptions): MailSettings {
  const { mailUrl, mailFrom, issuer } = settings;
  const reset = options.links?.reset ?? `${issuer}/reset?token=${TOKEN_PLACEHOLDER}`;
  assertLink('links.reset', reset);
  if (mailUrl !== undefined && options.sendMail !== undefined) {
    throw new InvalidSetting('sendMail', 'and mailUrl are both set.', 'Remove one of them.');
  }
  return {
    isSetUp: mailUrl !== undefined || options.sendMail !== undefined,
    from: mailFrom ?? null,
    links: { reset },
    leadsToOwnPages: options.links?.reset === undefined,
    templates: options.mails ?? {},
  };
}

function assertLink(name: string, template: string): void {
  const url = URL.parse(template.replace(TOKEN_PLACEHOLDER, 'token'));
  const isTemplate = template.split(TOKEN_PLACEHOLDER).length === 2;
  if (isTemplate && url !== null && !/^(data|javascript|file|blob):$/.test(url.protocol)) return;
  throw new InvalidSetting(
    name,
    'is not the address of a page.',
    `Give a whole address with one ${TOKEN_PLACEHOLDER}: https://app.example.com/reset?token=${TOKEN_PLACEHOLDER}`,
  );
}

function readKeyRotation({ keyRotation = {} }: LatchkeyOptions): KeyRotation {
  const { interval, lead } = keyRotation;
  const refuse: Refuse = (problem, fix) => {
    throw new InvalidSetting('keyRotation', problem, fix);
  };
  const read = (value: number | string | undefined, least: string, most: string) =>
    value === undefined ? undefined : durationBetween(least, most)(String(value), refuse);
  const usual = DEFAULT_KEY_ROTATION;
  const given = {
    intervalSeconds:
      interval === false ? null : (read(interval, '1h', '3650d') ?? usual.intervalSeconds),
    prepublishSeconds: read(lead, '1s', '1d') ?? usual.prepublishSeconds,
    urgentLeadSeconds: usual.urgentLeadSeconds,
  };
  if (given.intervalSeconds !== null && given.intervalSeconds < given.prepublishSeconds * 2) {
    refuse('has an interval that is hardly longer than its lead.', 'Give at least twice as much.');
  }
  return given;
}

const parseRetentionSeconds = durationBetween('1d', '3650d');

function parseRetention(retention: number | string | false): number | undefined {
  if (retention === false) return undefined;
  return parseRetentionSeconds(String(retention), (problem, fix) => {
    throw new InvalidSetting('auditRetention', problem, fix);
  });
}

function assertLengths(min: number, max: number): void {
  if (
    Number.isSafeInteger(min) &&
    Number.isSafeInteger(max) &&
    min >= 1 &&
    min <= max &&
    max <= 4096
  ) {
    return;
  }
  throw new InvalidSetting(
    'password',
    'has invalid lengths.',
    'Give whole numbers: 1 ≤ minLength ≤ maxLength ≤ 4096.',
  );
}

function parseFields(fields: FieldRules): FieldRules {
  for (const name of Object.keys(fields)) {
    if (RESERVED_FIELDS.has(name) || !/^[a-zA-Z][\w-]{0,63}$/.test(name)) {
      throw new InvalidSetting(
        'fields',
        `cannot have a field "${name}": the name is reserved, or is not a valid name.`,
        'Choose another name of letters, digits, _ and -, beginning with a letter.',
      );
    }
  }
  return fields;
}
