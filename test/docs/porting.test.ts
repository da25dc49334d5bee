import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { cookiesRs256Postgres } from '../examples/originals/cookies-rs256-postgres.ts';
import { loginProtectedRefresh } from '../examples/originals/login-protected-refresh.ts';
import { rolesVerifyDashboard } from '../examples/originals/roles-verify-dashboard.ts';
import { signupTokenMe } from '../examples/originals/signup-token-me.ts';
import { toTable } from '../examples/originals/table.ts';
import { tokenProtected } from '../examples/originals/token-protected.ts';

const PAGE = new URL('../../docs/porting.md', import.meta.url);
const EXCHANGES = {
  'login-protected-refresh': loginProtectedRefresh,
  'signup-token-me': signupTokenMe,
  'roles-verify-dashboard': rolesVerifyDashboard,
  'cookies-rs256-postgres': cookiesRs256Postgres,
  'token-protected': tokenProtected,
};

/** To fix a failure: `UPDATE_DOCS=1 npm test -- porting` writes the tables. */
test('porting.md has the exchanges that the tests of the examples send', () => {
  const page = readFileSync(PAGE, 'utf8');
  let expected = page;
  for (const [name, exchanges] of Object.entries(EXCHANGES)) {
    const between = new RegExp(`(<!-- exchanges: ${name} -->\n)[\\s\\S]*?(<!-- /exchanges -->)`);
    assert.match(page, between);
    expected = expected.replace(
      between,
      (_, start, end) => `${start}\n${toTable(exchanges)}\n\n${end}`,
    );
  }
  if (process.env['UPDATE_DOCS'] !== undefined) writeFileSync(PAGE, expected);
  else assert.equal(page, expected);
});

test('every difference in porting.md but the error form has a reason', () => {
  for (const [name, exchanges] of Object.entries(EXCHANGES)) {
    for (const { route, about, original, ours, why } of exchanges) {
      if (ours === undefined || original === undefined) continue;
      const isErrorForm =
        ours.code !== undefined &&
        (original.status ?? ours.status) === ours.status &&
        (original.detail ?? ours.detail) === ours.detail;
      assert.ok(isErrorForm || why !== undefined, `${name}: ${route}, ${about}`);
    }
  }
});
