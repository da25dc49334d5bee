import type { StoredKey } from '../../../auth/keys/stored-key.ts';
import { closeAfter } from '../../../kernel/close-after.ts';
import type { Call, Command } from '../../shell/command.ts';
import { formatTable } from '../../shell/terminal/printable.ts';
import { dataSettings, jsonOption, readDataSettings } from '../database/data-commands.ts';
import { type KeyTexts, toKeyRow, toKeyView } from './texts.ts';

export const keysList: Command = {
  name: 'keys list',
  summary: 'List the signing keys',
  details:
    'A key is next (published, and still to sign), signing, retiring (what it signed is accepted until it has expired), retired or revoked. Private parts are never shown. A key given in code is not stored, so it is not here.',
  options: { json: { ...jsonOption, description: 'Answer with a JSON array.' } },
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
    import('../../../kernel/system-random.ts'),
  ]);
  const store = await openStore(settings, { onWait: (text) => console.note(text) });
  const { keys } = await closeAfter(
    () => store.readKeys(),
    () => store.close(),
  );
  const now = systemClock.now();
  const texts = keys.map(
    (key: StoredKey): KeyTexts => ({ key, life: findKeyStatus(key, keys, now) }),
  );
  if (flags.has('json')) {
    console.printJson(texts.map(toKeyView));
  } else if (keys.length === 0) {
    console.print('There are no keys yet: the server makes the first one when it starts.');
  } else {
    const header = ['KEY', 'ALGORITHM', 'STATE', 'SIGNS FROM', 'ACCEPTED UNTIL'];
    console.print(formatTable([header, ...texts.map(toKeyRow)]));
  }
}
