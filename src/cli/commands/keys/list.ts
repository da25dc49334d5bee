import type { KeyWithStatus } from '../../../auth/administration/keys.ts';
import type { StoredKey } from '../../../auth/keys/stored-key.ts';
import { closeAfter } from '../../../kernel/close-after.ts';
import { toKeyView } from '../../../server/features/admin/views.ts';
import type { Call, Command } from '../../shell/command.ts';
import { formatTable } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption, readDataSettings } from '../data-settings.ts';
import { toKeyRow } from './key-view.ts';

export const keysList: Command = {
  name: 'keys list',
  summary: 'List the signing keys',
  details:
    'The state of a key is next (published, and will sign), signing, retiring (its tokens are valid until they expire), retired or revoked. Private parts are never shown. Keys given in code are not stored, so they are not listed.',
  options: { json: { ...jsonOption, description: 'Print a JSON array.' } },
  settings: dataSettings,
  examples: ['keys list', 'keys list --json'],
  run,
};

async function run(call: Call): Promise<undefined> {
  const { console, flags } = call;
  const settings = readDataSettings(call);
  const [{ openStore }, { findKeyStatus }, { systemClock }] = await Promise.all([
    import('../../../system/latchkey.ts'),
    import('../../../auth/keys/key-status.ts'),
    import('../../../kernel/system-clock.ts'),
  ]);
  const store = await openStore(settings, { onWait: (text) => console.note(text) });
  const { keys } = await closeAfter(
    () => store.readKeys(),
    () => store.close(),
  );
  const now = systemClock.now();
  const withStatus = keys.map(
    (key: StoredKey): KeyWithStatus => ({ key, status: findKeyStatus(key, keys, now) }),
  );
  if (flags.has('json')) {
    console.printJson(withStatus.map(toKeyView));
  } else if (keys.length === 0) {
    console.print('There are no keys yet. The server creates the first one when it starts.');
  } else {
    const header = ['KEY', 'ALGORITHM', 'STATE', 'SIGNS FROM', 'ACCEPTED UNTIL'];
    console.print(formatTable([header, ...withStatus.map(toKeyRow)]));
  }
}
