import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccessRule } from '../../src/guard/request/authorize.ts';
import { AccessDenied, ReauthenticationRequired } from '../../src/kernel/errors.ts';
import { wrongRequirements } from '../support/wrong-options.ts';

const NOW = 1_800_000_000;
const caller = {
  roles: ['editor', 'author'],
  entitlements: ['posts:publish', 'posts:write'],
  scope: 'read write',
  auth_time: NOW - 60,
};

test('a route without requirements has no rule', () => {
  assert.equal(createAccessRule(), undefined);
  assert.equal(createAccessRule({}), undefined);
  assert.equal(createAccessRule({ scopes: [] }), undefined);
  assert.equal(createAccessRule({ permissions: [] }), undefined);
});

test('one of the roles is enough', () => {
  createAccessRule({ roles: ['admin', 'author'] })?.(caller, NOW * 1000);
  for (const roles of [['admin'], ['edit'], ['editor '], ['Editor'], []]) {
    const rule = createAccessRule({ roles });
    assert.throws(() => rule?.(caller, NOW * 1000), { code: 'insufficient_role' });
  }
  const rule = createAccessRule({ roles: ['author'] });
  assert.throws(() => rule?.({ auth_time: NOW }, NOW * 1000), AccessDenied);
});

test('all of the permissions are required', () => {
  createAccessRule({ permissions: ['posts:write', 'posts:publish'] })?.(caller, NOW * 1000);
  for (const permissions of [['posts:write', 'posts:erase'], ['posts'], ['posts:Write'], ['']]) {
    const rule = createAccessRule({ permissions });
    assert.throws(() => rule?.(caller, NOW * 1000), { code: 'insufficient_permission' });
  }
  const rule = createAccessRule({ permissions: ['posts:write'] });
  assert.throws(() => rule?.({ roles: ['posts:write'], auth_time: NOW }, 0), AccessDenied);
});

test('all of the scopes are required', () => {
  createAccessRule({ scopes: ['write', 'read'] })?.(caller, NOW * 1000);
  for (const scopes of [['read', 'delete'], ['rea'], ['read write'], ['']]) {
    const rule = createAccessRule({ scopes });
    assert.throws(() => rule?.(caller, NOW * 1000), { code: 'insufficient_scope', scopes });
  }
  const rule = createAccessRule({ scopes: ['read'] });
  assert.throws(() => rule?.({ auth_time: NOW }, NOW * 1000), AccessDenied);
});

test('a sign-in may be as old as maxAuthAge and no older', () => {
  const rule = createAccessRule({ maxAuthAge: 60 });
  rule?.(caller, NOW * 1000);
  assert.throws(
    () => rule?.(caller, NOW * 1000 + 1),
    (error) => {
      assert.ok(error instanceof ReauthenticationRequired);
      assert.equal(error.maxAuthAge, 60);
      return true;
    },
  );
  assert.throws(() => rule?.(caller, Number.NaN), ReauthenticationRequired);
  const never = createAccessRule({ maxAuthAge: 0 });
  assert.throws(() => never?.(caller, NOW * 1000), ReauthenticationRequired);
});

test('all requirements apply together', () => {
  const rule = createAccessRule({ roles: ['editor'], scopes: ['read'], maxAuthAge: 60 });
  assert.ok(rule);
  rule(caller, NOW * 1000);
  assert.throws(() => rule({ ...caller, roles: [] }, NOW * 1000), { code: 'insufficient_role' });
  assert.throws(() => rule({ ...caller, scope: '' }, NOW * 1000), { code: 'insufficient_scope' });
  assert.throws(() => rule({ ...caller, auth_time: 0 }, NOW * 1000), {
    code: 'insufficient_user_authentication',
  });
});

test('requirements that make no sense are refused when the rule is created', () => {
  for (const [wrong, message] of wrongRequirements) {
    assert.throws(() => createAccessRule(wrong as never), { name: 'TypeError', message });
  }
});

test('a change of the list after the rule was created has no effect', () => {
  const roles = ['admin'];
  const rule = createAccessRule({ roles });
  roles.push('editor');
  assert.throws(() => rule?.(caller, NOW * 1000), AccessDenied);
});
