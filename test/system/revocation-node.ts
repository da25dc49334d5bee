/** Another node: tells when it first refuses the token it is sent. */
import { TokenRefused } from '../../src/kernel/errors.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { ISSUER, SECRET } from '../support/server.ts';

/** What it answers once it refuses the token; ms since the epoch. */
export interface Refusal {
  readonly refusedAt: number;
}

const [databaseUrl = '', pollIntervalMs] = process.argv.slice(2);
const latchkey = await openLatchkey({
  databaseUrl,
  revocationPollInterval: Number(pollIntervalMs),
  secret: SECRET,
  issuer: ISSUER,
  env: {},
  envFile: false,
});

process.on('message', (token: string) => {
  const look = () => {
    if (!process.connected) return;
    try {
      latchkey.verify(token);
      setTimeout(look, 1);
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      const refusal: Refusal = { refusedAt: performance.timeOrigin + performance.now() };
      process.send?.(refusal);
    }
  };
  // Until here it is accepted; a token that never was would show nothing.
  latchkey.verify(token);
  look();
  process.send?.('watching');
});
process.on('disconnect', () => void latchkey.close());
process.send?.('ready');
