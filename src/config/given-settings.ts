import { InvalidSetting } from '../kernel/errors.ts';
import { findNearest } from '../kernel/options/did-you-mean.ts';
import { type SettingName, type SettingSpec, settingTable } from './setting-table.ts';

/** A setting as it was written. */
export interface Given {
  /** The name under which it was given: a variable, a flag with its dashes, or an option. */
  readonly label: string;
  readonly text: string;
  readonly source: 'environment' | 'flag' | 'code' | { readonly file: string };
}

/** The last one given of each setting. What was given before it is neither used nor checked. */
export type GivenSettings = Map<SettingName, Given>;

export const SETTING_NAMES = Object.keys(settingTable) as readonly SettingName[];

export const settingSpecs: readonly (SettingSpec<unknown> & { readonly name: SettingName })[] =
  Object.values(settingTable);

/** @throws {InvalidSetting} always, with the known name that was probably meant */
export function refuseUnknown(
  label: string,
  kind: string,
  known: readonly (string | undefined)[],
): never {
  const names = known.filter((name) => name !== undefined);
  const meant = findNearest(label, names);
  throw new InvalidSetting(
    label,
    `is not a ${kind} that Latchkey knows.`,
    meant === undefined ? `Remove it; these are: ${names.join(', ')}.` : `Did you mean ${meant}?`,
  );
}

/** Adds flags by their names without dashes. `true` stands for a flag that came without a value. */
export function addFlags(
  given: GivenSettings,
  flags: Readonly<Record<string, string | boolean | undefined>>,
): void {
  const known = settingSpecs.map(({ flag }) => (flag === undefined ? undefined : `--${flag}`));
  for (const [flag, text] of Object.entries(flags)) {
    if (text === undefined) continue;
    const label = `--${flag}`;
    if (flag === 'secret') {
      throw new InvalidSetting(
        label,
        'would show the secret to every user of this machine.',
        `Set ${settingTable.secret.variable} in the environment or in .env instead.`,
      );
    }
    const spec = settingSpecs.find((each) => each.flag === flag);
    if (spec === undefined) refuseUnknown(label, 'flag', known);
    if (typeof text !== 'string') {
      throw new InvalidSetting(label, 'needs a value.', `Write ${label} <${spec.placeholder}>.`);
    }
    given.set(spec.name, { label, text, source: 'flag' });
  }
}

/** Adds options given in code. */
export function addOptions(given: GivenSettings, options: Readonly<Record<string, unknown>>): void {
  const known = settingSpecs.map(({ name }) => name);
  for (const [label, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const spec = settingSpecs.find((each) => each.name === label);
    if (spec === undefined) refuseUnknown(label, 'setting', known);
    given.set(spec.name, { label, text: toText(spec, value), source: 'code' });
  }
}

function toText(spec: SettingSpec<unknown>, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && !spec.secret) return String(value);
  if (typeof value === 'boolean' && spec.boolean) return String(value);
  if (spec.list && Array.isArray(value) && value.every((part) => typeof part === 'string')) {
    return value.join(',');
  }
  throw new InvalidSetting(
    spec.name,
    'has a value of the wrong type.',
    `Give a text${spec.list ? ' or an array of texts' : ''}: <${spec.placeholder}>.`,
  );
}
