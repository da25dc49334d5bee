import { type SettingName, settingTable } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { LatchkeyOptions } from '../../system/options.ts';

/**
 * Turns settings into options, so that the code that takes them reads nothing from the environment or a file again.
 * Settings that were not given are left out, and get their defaults there.
 */
export function toOptions(settings: Settings): LatchkeyOptions {
  const given = Object.keys(settingTable).filter(
    (name): name is SettingName => !settings.defaulted.has(name as SettingName),
  );
  const options = Object.fromEntries(given.map((name) => [name, settings[name]]));
  return { ...options, env: {}, envFile: false };
}
