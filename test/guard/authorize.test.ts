import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Forbidden, ReauthenticationRequired } from '../../src/errors.ts';
import { createAccessRule, requireAccess } from '../../src/guard/authorize.ts';

const NOW = 1_800_000_000;
const caller = { roles: ['editor', 'author'], scope: 'read write', auth_time: NOW - 60 };

test('a route that asks nothing has no rule', () => {
  assert.equal(createAccessRule(), undefined);
  assert.equal(createAccessRule({}), undefined);
  assert.equal(createAccessRule({ scopes: [] }), undefined);
  requireAccess(caller, {}, NOW * 1000);
});

test('any one of the roles will do', () => {
  requireAccess(caller, { roles: ['admin', 'author'] }, NOW * 1000);
  for (const roles of [['admin'], ['edit'], ['editor '], ['Editor'], []]) {
    assert.throws(() => requireAccess(caller, { roles }, NOW * 1000), {
      code: 'insufficient_role',
    });
  }
  const nobody = { auth_time: NOW };
  assert.throws(() => requireAccess(nobody, { roles: ['author'] }, NOW * 1000), Forbidden);
});

test('all of the scopes are needed', () => {
  requireAccess(caller, { scopes: ['write', 'read'] }, NOW * 1000);
  for (const scopes of [['read', 'delete'], ['rea'], ['read write'], ['']]) {
    assert.throws(() => requireAccess(caller, { scopes }, NOW * 1000), {
      code: 'insufficient_scope',
      scopes,
    });
  }
  assert.throws(
    () => requireAccess({ auth_time: NOW }, { scopes: ['read'] }, NOW * 1000),
    Forbidden,
  );
});

test('a sign-in may be as old as maxAuthAge and no older', () => {
  requireAccess(caller, { maxAuthAge: 60 }, NOW * 1000);
  assert.throws(
    () => requireAccess(caller, { maxAuthAge: 60 }, NOW * 1000 + 1),
    (error) => {
      assert.ok(error instanceof ReauthenticationRequired);
      assert.equal(error.maxAuthAge, 60);
      return true;
    },
  );
  assert.throws(
    () => requireAccess(caller, { maxAuthAge: 60 }, Number.NaN),
    ReauthenticationRequired,
  );
  assert.throws(
    () => requireAccess(caller, { maxAuthAge: 0 }, NOW * 1000),
    ReauthenticationRequired,
  );
});

test('every requirement holds at once', () => {
  const rule = createAccessRule({ roles: ['editor'], scopes: ['read'], maxAuthAge: 60 });
  assert.ok(rule);
  rule(caller, NOW * 1000);
  assert.throws(() => rule({ ...caller, roles: [] }, NOW * 1000), { code: 'insufficient_role' });
  assert.throws(() => rule({ ...caller, scope: '' }, NOW * 1000), { code: 'insufficient_scope' });
  assert.throws(() => rule({ ...caller, auth_time: 0 }, NOW * 1000), {
    code: 'reauthentication_required',
  });
});

test('requirements that cannot be meant are refused when the rule is made', () => {
  for (const wrong of [
    { roles: 'admin' },
    { scopes: 'read' },
    { maxAuthAge: -1 },
    { maxAuthAge: Number.NaN },
  ]) {
    assert.throws(() => createAccessRule(wrong as never), TypeError);
  }
});

test('changing the list after the rule was made changes nothing', () => {
  const roles = ['admin'];
  const rule = createAccessRule({ roles });
  roles.push('editor');
  assert.throws(() => rule?.(caller, NOW * 1000), Forbidden);
});
