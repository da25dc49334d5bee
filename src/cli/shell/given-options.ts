import { type SettingName, settingTable } from '../../config/setting-table.ts';
import type { Settings } from '../../config/settings.ts';
import type { LatchkeyOptions } from '../../system/options.ts';

/**
 * The settings that were read, as options for code that would read them again: from nowhere else.
 * What nobody gave is left to its default.
 */
export function toOptions(settings: Settings): LatchkeyOptions {
  const given = Object.keys(settingTable).filter(
    (name): name is SettingName => !settings.defaulted.has(name as SettingName),
  );
  const options = Object.fromEntries(given.map((name) => [name, settings[name]]));
  return { ...options, env: {}, envFile: false };
}
