/** One of several processes that ask for the same secret at the same time, again and again. */
import { systemRandom } from '../../src/kernel/system-random.ts';
import { loadOrCreateSecret } from '../../src/system/secret-file.ts';

process.on('message', async (folder) => {
  const answer = await loadOrCreateSecret(String(folder), systemRandom).catch(String);
  process.send?.(answer);
});
process.send?.('ready');
