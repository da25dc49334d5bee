import { type SettingName, settingTable } from '../../config/setting-table.ts';
import { printBanner } from '../banner.ts';
import type { Call, Command } from '../command.ts';
import { listMissing } from '../data-files.ts';
import { findPort, toListenFailure } from '../find-port.ts';
import { toOptions } from '../given-options.ts';
import { stopGracefully, waitForStop } from '../stop.ts';

const settings = Object.values(settingTable)
  .filter(({ flag }) => flag !== undefined)
  .map(({ name }): SettingName => name);

export const serve: Command = {
  name: 'serve',
  summary: 'Run the server',
  details:
    'Runs until it gets SIGINT (Ctrl-C) or SIGTERM; then it finishes the requests under way and ends.',
  options: {
    json: { type: 'boolean', description: 'Say where it listens as one line of JSON.' },
  },
  settings,
  examples: [
    'serve',
    'serve --port 9000 --data-dir /var/lib/latchkey',
    'serve --host 0.0.0.0 --issuer https://auth.example.com --trust-proxy 10.0.0.2',
  ],
  run,
};

async function run(call: Call): Promise<undefined> {
  const asked = call.readSettings();
  const { host } = asked;
  const [port, { createApp }] = await Promise.all([
    findPort(host, asked.port),
    import('../../server/app.ts'),
  ]);
  const missing = listMissing(asked);
  const stop = waitForStop();
  const app = await createApp({ ...toOptions(asked), port });
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw toListenFailure(error, host, port);
  }
  printBanner(call, { ...asked, port, issuer: app.latchkey.settings.issuer }, missing);
  await stop;
  await stopGracefully(call.console, app);
  return undefined;
}
