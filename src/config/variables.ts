import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { InvalidSetting } from '../errors.ts';
import { type GivenSettings, refuseUnknown, settingSpecs } from './given-settings.ts';

const prefix = 'LATCHKEY_';

/** Kubernetes sets LATCHKEY_PORT and others in every pod beside a service named latchkey. */
function isServiceLink(variable: string, text: string): boolean {
  return (
    /^LATCHKEY_(SERVICE_|PORT_\d+_)/.test(variable) ||
    (variable === 'LATCHKEY_PORT' && /^(tcp|udp):\/\//.test(text))
  );
}

/**
 * Adds what the environment, or a file in its form, says. Variables of other programs are none of our
 * business; every name that begins with ours is, so that a slip is not silently ignored.
 */
export function addVariables(
  given: GivenSettings,
  variables: Readonly<Record<string, string | undefined>>,
  file?: string,
): void {
  const source = file === undefined ? 'environment' : { file };
  const known = settingSpecs.map(({ variable }) => variable);
  for (const [label, text] of Object.entries(variables)) {
    if (text === undefined || !label.toUpperCase().startsWith(prefix)) continue;
    if (isServiceLink(label, text)) {
      throw new InvalidSetting(
        label,
        'was set by Kubernetes for a service named latchkey.',
        'Set enableServiceLinks: false in the pod, or give the service another name.',
      );
    }
    const spec = settingSpecs.find(({ variable }) => variable === label);
    if (spec === undefined) {
      refuseUnknown(label, file === undefined ? 'variable' : `variable in ${file}`, known);
    }
    given.set(spec.name, { label, text, source });
  }
}

/**
 * Adds what a `.env` file says.
 * @param required whether it must be there: somebody named it
 */
export function addEnvFile(given: GivenSettings, file: string, required: boolean): void {
  const text = readEnvFile(file, required);
  const variables = parseEnv(text);
  // The parser skips a line it cannot read, and the setting in it would silently not be set.
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
}

function readEnvFile(file: string, required: boolean): string {
  try {
    // A byte order mark would become part of the first name, and that line be lost.
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
