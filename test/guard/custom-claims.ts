/** The own claims of the app that the tests of the guard play. */
declare module 'latchkey/guard' {
  interface CustomClaims {
    tenant: string;
  }
}
