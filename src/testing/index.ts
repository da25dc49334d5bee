/**
 * `latchkey/testing`: for tests of an app that has a guard. An issuer in the test's own process signs users in, moves the
 * clock and revokes, without a server, a database or a network.
 *
 * Use it in tests only: its ids are predictable, and its keys are lost with the process.
 */

export type * from '../guard/index.ts';
export type { Jwks, PublicJwk } from '../jwt/keys/jwk.ts';
export type { TestClock } from './test-clock.ts';
export {
  createTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
  type TestRevocation,
} from './test-issuer.ts';
export type { TestSignIn, TestUser } from './test-sign-in.ts';
