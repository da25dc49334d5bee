import type { StoredKey } from '../../auth/ports.ts';
import type { Call, Command } from '../command.ts';
import { dataSettings, jsonOption, readDataSettings } from '../data-commands.ts';
import { formatTable, toShortTime } from '../printable.ts';

export const keysList: Command = {
  name: 'keys list',
  summary: 'List the signing keys',
  details:
    'A key signs, or it only verifies what it signed before, or it is upcoming or retired. Private parts are never shown. A key given in code is not stored, so it is not here.',
  options: { json: { ...jsonOption, description: 'Answer with a JSON array.' } },
  settings: [...dataSettings, 'algorithm'],
  examples: ['keys list', 'keys list --json'],
  run,
};

type KeyState = 'signs' | 'verifies' | 'upcoming' | 'retired';

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const settings = readDataSettings(call);
  const [{ openStore }, { findKeyInForce }, { systemClock }] = await Promise.all([
    import('../../system/latchkey.ts'),
    import('../../auth/key-ring.ts'),
    import('../../system/clock.ts'),
  ]);
  const store = await openStore(settings);
  const keys = await store.listKeys().finally(() => store.close());
  const now = systemClock.now();
  const signing = findKeyInForce(keys, settings.algorithm, now);
  const state = ({ kid, activeAt, retiredAt }: StoredKey): KeyState => {
    if (retiredAt !== null && retiredAt <= now) return 'retired';
    if (activeAt > now) return 'upcoming';
    return kid === signing?.kid ? 'signs' : 'verifies';
  };
  if (flags.has('json')) {
    console.printJson(keys.map((key) => toView(key, state(key))));
  } else if (keys.length === 0) {
    console.print('There are no keys yet: the server makes the first one when it starts.');
  } else {
    const rows = keys.map((key) => toRow(key, state(key)));
    console.print(formatTable([['KEY', 'ALGORITHM', 'STATE', 'ACTIVE SINCE', 'CREATED'], ...rows]));
  }
}

function toRow({ kid, algorithm, activeAt, createdAt }: StoredKey, state: KeyState): string[] {
  return [kid, algorithm, state, toShortTime(activeAt), toShortTime(createdAt)];
}

function toView(key: StoredKey, state: KeyState): Record<string, unknown> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    kid: key.kid,
    algorithm: key.algorithm,
    state,
    created_at: time(key.createdAt),
    active_at: time(key.activeAt),
    retired_at: time(key.retiredAt),
  };
}
