/** One of several processes that ask for the same secret at once, over and over. */
import { systemRandom } from '../../src/kernel/system-random.ts';
import { loadOrCreateSecret } from '../../src/system/secret-file.ts';

process.on('message', async (folder) => {
  const answer = await loadOrCreateSecret(String(folder), systemRandom).catch(String);
  process.send?.(answer);
});
process.send?.('ready');
