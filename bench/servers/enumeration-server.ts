/** The standalone server with accounts whose hashes are of several kinds, as after an import. */
import { createApp } from 'latchkey/server';
import { listen, serve } from './server-process.ts';

export interface EnumerationSetup {
  /** For the database and the secret. */
  readonly folder: string;
  readonly accounts: number;
  /** The accounts have these in turn, one in seven has none, and one in five is disabled. No password matches. */
  readonly hashes: readonly string[];
  readonly registration: 'open' | 'closed';
}

export interface EnumerationStarted {
  readonly port: number;
}

serve<EnumerationSetup, EnumerationStarted>(async (setup) => {
  const { folder, accounts, hashes, registration } = setup;
  const app = await createApp({
    dataDir: folder,
    registration,
    // Every name is refused often, and each refusal is to be that of a wrong password.
    limits: false,
    logger: false,
    env: {},
    envFile: false,
  });
  const { users } = app.latchkey;
  for (let at = 0; at < accounts; at++) {
    const names = { username: `known${at}`, email: `mail${at}@example.com` };
    const passwordHash = hashes[at % hashes.length] ?? '';
    const { id } = await users.create(at % 7 === 3 ? names : { ...names, passwordHash });
    if (at % 5 === 2) await users.disable(id);
  }
  return { port: await listen(app) };
});
