import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { InvalidSetting } from '../kernel/errors.ts';
import { type Given, type GivenSettings, refuseUnknown, settingSpecs } from './given-settings.ts';
import type { Refuse } from './setting-error.ts';
import type { SettingSpec } from './setting-table.ts';
import { readValueFile } from './values/value-file.ts';

const PREFIX = 'LATCHKEY_';

/** Variables of guards, clients and tests in the same environment. The server ignores them. */
const VARIABLES_OF_OTHERS = /^LATCHKEY_(GUARD|CLIENT|TEST)_/;

/** Kubernetes sets LATCHKEY_PORT and others in every pod beside a service named latchkey. */
function isServiceLink(variable: string, text: string): boolean {
  return (
    /^LATCHKEY_(SERVICE_|PORT_\d+_)/.test(variable) ||
    (variable === 'LATCHKEY_PORT' && /^(tcp|udp):\/\//.test(text))
  );
}

/**
 * Adds the settings of the environment, or of a file in its form. Every name that begins with our prefix must be known,
 * so that a slip is not silently ignored.
 */
export function addVariables(
  given: GivenSettings,
  variables: Readonly<Record<string, string | undefined>>,
  file?: string,
): void {
  const source = file === undefined ? 'environment' : { file };
  const known = settingSpecs.flatMap(({ variable, secret }) =>
    secret ? [variable, `${variable}_FILE`] : [variable],
  );
  for (const [label, text] of Object.entries(variables)) {
    if (text === undefined || !label.toUpperCase().startsWith(PREFIX)) continue;
    if (isServiceLink(label, text)) {
      throw new InvalidSetting(
        label,
        'was set by Kubernetes for a service named latchkey.',
        'Set enableServiceLinks: false in the pod, or give the service another name.',
      );
    }
    if (VARIABLES_OF_OTHERS.test(label)) continue;
    const spec = settingSpecs.find(({ variable }) => variable === label);
    const fileSpec = settingSpecs.find(({ variable }) => `${variable}_FILE` === label);
    if (spec !== undefined) {
      given.set(spec.name, { label, text, source });
    } else if (fileSpec !== undefined) {
      given.set(fileSpec.name, readLater(fileSpec, label, text));
    } else {
      refuseUnknown(label, file === undefined ? 'variable' : `variable in ${file}`, known);
    }
  }
}

/**
 * `NAME_FILE` in the place of `NAME`. The file is read when the value is needed, so not if a flag or an option
 * replaces it.
 */
function readLater(spec: SettingSpec<unknown>, label: string, path: string): Given {
  const refuse: Refuse = (problem, fix) => {
    throw new InvalidSetting(label, problem, fix);
  };
  if (!spec.secret) {
    refuse(
      'is not supported: only secret settings can be read from a file.',
      `Set ${spec.variable}.`,
    );
  }
  let value: string | undefined;
  return {
    label,
    source: { file: path },
    get text() {
      value ??= readValueFile(path, refuse);
      return value;
    },
  };
}

/**
 * Refuses a setting that is given twice, because the one that would be ignored may be the one that was meant.
 * @param sources each a set of variables: the environment, the `.env` file
 * @throws {InvalidSetting} where a setting is given both as a value and as a file
 */
export function refuseBothForms(
  ...sources: readonly Readonly<Record<string, string | undefined>>[]
): void {
  const isSet = (name: string) => sources.some((variables) => variables[name] !== undefined);
  for (const { variable } of settingSpecs) {
    if (!isSet(variable) || !isSet(`${variable}_FILE`)) continue;
    throw new InvalidSetting(
      `${variable}_FILE`,
      `and ${variable} are both set, in the environment or in .env.`,
      'Remove one of them.',
    );
  }
}

/**
 * Adds the settings of a `.env` file.
 * @param required whether it must exist, because it was named
 * @returns all variables of the file
 */
export function addEnvFile(
  given: GivenSettings,
  file: string,
  required: boolean,
): Readonly<Record<string, string | undefined>> {
  const text = readEnvFile(file, required);
  const variables = parseEnv(text);
  // The parser skips a line that it cannot read, and the setting in it would silently be missing.
  const [, skipped] =
    /(?:^|\n)[ \t]*(?:export[ \t]+)?(LATCHKEY_\w*)(?![\w]|[ \t]*=)/i.exec(text) ?? [];
  if (skipped !== undefined && !Object.hasOwn(variables, skipped)) {
    throw new InvalidSetting(
      skipped,
      `is on a line of ${file} that is not in the form of such a file.`,
      `Write ${skipped}=value.`,
    );
  }
  addVariables(given, variables, file);
  return variables;
}

function readEnvFile(file: string, required: boolean): string {
  try {
    // A byte order mark would become part of the first name, and that setting would be missing.
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    if (code === 'ENOENT' && !required) return '';
    throw new InvalidSetting(
      file,
      `cannot be read (${code}).`,
      'Check that the file is there and that this user may read it.',
    );
  }
}
