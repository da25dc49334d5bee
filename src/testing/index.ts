/**
 * `latchkey/testing`: for the tests of an app that has a guard. An issuer inside the test's own process
 * signs users in, turns the clock and revokes; no server, no database, no network.
 *
 * Never hand what comes from here to a service that runs for real.
 */

export type { TestClock } from './test-clock.ts';
export {
  createTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
  type TestRevocation,
} from './test-issuer.ts';
export type { TestSignIn, TestUser } from './test-sign-in.ts';
