/** What can be given for options by mistake: each is a route or a check that stands open in silence. */
export const notOptions: readonly (readonly [name: string, value: unknown])[] = [
  ['a text', 'admin'],
  ['a list', ['admin']],
  ['nothing that is set', undefined],
  ['null', null],
  ['a number', 1],
  ['true', true],
  ['a function', () => ({ roles: ['admin'] })],
  ['a promise', Promise.resolve({ roles: ['admin'] })],
  ['a map', new Map([['roles', ['admin']]])],
  ['a set', new Set(['admin'])],
  ['an object whose members are inherited', Object.create({ roles: ['admin'] })],
];

/** Requirements that must not be dropped, and the name that the message must hold. */
export const wrongRequirements: readonly (readonly [unknown, RegExp])[] = [
  [{ role: 'admin' }, /"role"\. Did you mean "roles"\?/],
  [{ Roles: ['admin'] }, /"Roles"\. Did you mean "roles"\?/],
  [{ scope: 'x' }, /"scope"\. Did you mean "scopes"\?/],
  [{ maxAge: 60 }, /"maxAge".*maxAuthAge/],
  [{ permissions: ['x'] }, /"permissions"\. The options are roles, scopes, maxAuthAge/],
  [{ roles: undefined }, /roles is undefined/],
  [{ roles: ['admin'], scopes: undefined }, /scopes is undefined/],
  [{ maxAuthAge: undefined }, /maxAuthAge is undefined/],
  [{ roles: 'admin' }, /roles must be a list of texts/],
  [{ roles: null }, /roles must be/],
  [{ roles: [undefined] }, /roles must be/],
  [{ roles: { admin: true } }, /roles must be/],
  [{ scopes: new Set(['read']) }, /scopes must be/],
  [{ maxAuthAge: '60' }, /maxAuthAge must be a number/],
  [{ maxAuthAge: null }, /maxAuthAge must be a number/],
  [{ maxAuthAge: -1 }, /maxAuthAge must be a number/],
  [{ optional: undefined }, /optional is undefined/],
  [{ optional: 'false' }, /optional must be true or false/],
  [{ optionel: true }, /Did you mean "optional"/],
  [{ maxAuthAge: Number.NaN }, /maxAuthAge must be a number/],
];
