import type { CompiledStatements } from '../sql/query.ts';

/** Made by `npm run statements`. Not to be changed by hand. */
export const statements: CompiledStatements = {
  'account.clearProfile': {
    text: 'update "users" set "name" = ?, "profile" = ?, "second_factor_at" = ? where "id" = ?',
    parameters: [null, ['profile'], null, ['id']],
  },
  'account.disable': {
    text: 'update "users" set "disabled_at" = coalesce("disabled_at", ?) where "id" = ?',
    parameters: [['now'], ['id']],
  },
  'account.enable': {
    text: 'update "users" set "disabled_at" = ?, "updated_at" = ? where "id" = ? returning "id"',
    parameters: [null, ['now'], ['id']],
  },
  'account.keepSession': {
    text: 'update "sessions" set "epoch" = ?, "generation" = ?, "first_generation" = ?, "parent_generation" = ?, "rotated_at" = ?, "expires_at" = ? where "id" = ? returning *',
    parameters: [['epoch'], ['generation'], ['generation'], null, ['now'], ['expiresAt'], ['id']],
  },
  'account.lockUser': {
    text: 'select "session_epoch" as "epoch", "disabled_at" as "disabledAt", "email_key" as "emailKey" from "users" where "id" = ?',
    parameters: [['id']],
  },
  'account.raiseEpoch': {
    text: 'update "users" set "token_version" = "token_version" + ?, "session_epoch" = "session_epoch" + ?, "updated_at" = ? where "id" = ? returning *',
    parameters: [1, 1, ['now'], ['id']],
  },
  'account.raiseVersion': {
    text: 'update "users" set "token_version" = "token_version" + ?, "updated_at" = ? where "id" = ? returning "token_version" as "version", "roles"',
    parameters: [1, ['now'], ['id']],
  },
  'account.removeAuthenticators': {
    text: 'delete from "authenticators" where "user_id" = ?',
    parameters: [['id']],
  },
  'account.removeHash': {
    text: 'update "users" set "password_hash" = ?, "updated_at" = ? where "id" = ?',
    parameters: [null, ['now'], ['id']],
  },
  'account.removeRecoveryCodes': {
    text: 'delete from "recovery_codes" where "user_id" = ?',
    parameters: [['id']],
  },
  'account.removeUser': {
    text: 'delete from "users" where "id" = ?',
    parameters: [['id']],
  },
  'account.replaceHash': {
    text: 'update "users" set "password_hash" = ?, "password_expires_at" = ?, "credential_version" = "credential_version" + ? where "id" = ?',
    parameters: [['hash'], ['expiresAt'], 1, ['id']],
  },
  'account.replaceRoles': {
    text: 'update "users" set "roles" = ? where "id" = ?',
    parameters: [['roles'], ['id']],
  },
  'account.replaceVerified': {
    text: 'update "users" set "password_hash" = ? where "id" = ? and "password_hash" = ?',
    parameters: [['rehash'], ['userId'], ['verifiedHash']],
  },
  'account.requireChange': {
    text: 'update "users" set "password_change_required_at" = ? where "id" = ?',
    parameters: [['at'], ['id']],
  },
  'account.selectHash': {
    text: 'select "password_hash" as "hash", "session_epoch" as "epoch", "disabled_at" as "disabledAt", "second_factor_at", "email_key" as "emailKey", "email_verified_at" as "emailVerifiedAt" from "users" where "id" = ?',
    parameters: [['id']],
  },
  'account.verifyEmail': {
    text: 'update "users" set "email_verified_at" = ? where "id" = ?',
    parameters: [['at'], ['id']],
  },
  'administration.findAnother': {
    text: 'select "users"."id" from "user_roles" inner join "users" on "users"."id" = "user_roles"."user_id" where "user_roles"."role" = ? and "user_roles"."user_id" <> ? and "users"."disabled_at" is null limit ?',
    parameters: [['role'], ['userId'], 1],
  },
  'administration.findAny': {
    text: 'select "users"."id" from "user_roles" inner join "users" on "users"."id" = "user_roles"."user_id" where "user_roles"."role" = ? and "users"."disabled_at" is null limit ?',
    parameters: [['role'], 1],
  },
  'administration.findLive': {
    text: 'select "id" from "sessions" where "id" = ? and "user_id" = ? and "epoch" = ?',
    parameters: [['id'], ['userId'], ['epoch']],
  },
  'administration.lockBoth': {
    text: 'select "id", "roles", "disabled_at" as "disabledAt", "session_epoch" as "epoch" from "users" where ("id" = ? or "id" = ?) order by "id"',
    parameters: [['one'], ['other']],
  },
  'audit.insert': {
    text: 'insert into "audit_events" ("id", "at", "type", "user_id", "session_id", "address", "user_agent", "subject", "subject_kind", "actor_kind", "actor_id", "reason", "changes", "salt", "digest", "origin") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    parameters: [
      ['id'],
      ['at'],
      ['type'],
      ['user_id'],
      ['session_id'],
      ['address'],
      ['user_agent'],
      ['subject'],
      ['subject_kind'],
      ['actor_kind'],
      ['actor_id'],
      ['reason'],
      ['changes'],
      ['salt'],
      ['digest'],
      ['origin'],
    ],
  },
  'auditChain.countRest': {
    text: 'select count(*) as "count", min("at") as "oldestAt" from "audit_events" where "seq" is null',
    parameters: [],
  },
  'auditChain.removeUpTo': {
    text: 'delete from "audit_events" where "seq" is not null and "seq" <= ?',
    parameters: [['upTo']],
  },
  'auditChain.selectLast': {
    text: 'select "seq" from "audit_events" where "seq" is not null order by "seq" desc limit ?',
    parameters: [1],
  },
  'auditChain.selectRows': {
    text: 'select "id", "at", "type", "user_id", "session_id", "address", "user_agent", "subject", "subject_kind", "actor_kind", "actor_id", "reason", "changes", "salt", "digest", "origin", "seq" from "audit_events" where "seq" is not null and "seq" > ? order by "seq" limit ?',
    parameters: [['after'], ['limit']],
  },
  'auditChain.selectSealed': {
    text: 'select "id", "at", "type", "user_id" as "userId", "session_id" as "sessionId", "address", "user_agent" as "userAgent", "subject", "subject_kind" as "subjectKind", "actor_kind" as "actorKind", "actor_id" as "actorId", "reason", "changes", "salt", "digest", "origin", "seq", "mac", "sealed_at" as "sealedAt" from "audit_events" where "seq" is not null and "seq" > ? order by "seq" limit ?',
    parameters: [['after'], ['limit']],
  },
  'auditChain.selectUnsealed': {
    text: 'select "id", "at", "type", "user_id" as "userId", "session_id" as "sessionId", "address", "user_agent" as "userAgent", "subject", "subject_kind" as "subjectKind", "actor_kind" as "actorKind", "actor_id" as "actorId", "reason", "changes", "salt", "digest", "origin", "seq", "mac", "sealed_at" as "sealedAt" from "audit_events" where "seq" is null order by "id" limit ?',
    parameters: [['limit']],
  },
  'cleanup.clearFlag': {
    text: 'update "users" set "session_cleanup" = ? where "id" = ?',
    parameters: [0, ['id']],
  },
  'cleanup.flag': {
    text: 'update "users" set "session_cleanup" = ? where "id" = ?',
    parameters: [1, ['userId']],
  },
  'cleanup.lockUser': {
    text: 'select "session_epoch" as "epoch" from "users" where "id" = ?',
    parameters: [['id']],
  },
  'cleanup.remove': {
    text: 'delete from "sessions" where "id" = ? returning "id"',
    parameters: [['id']],
  },
  'cleanup.removeSome': {
    text: 'delete from "sessions" where "id" in (select "id" from "sessions" where "user_id" = ? and "epoch" < ? order by "epoch" limit ?) returning "id"',
    parameters: [['userId'], ['before'], ['limit']],
  },
  'cleanup.selectFlagged': {
    text: 'select "id" from "users" where "session_cleanup" = 1 limit ?',
    parameters: [1],
  },
  'cleanup.selectOldest': {
    text: 'select "id", "rotated_at" as "usedAt" from "sessions" where "user_id" = ? and "epoch" = ? order by "id" limit ?',
    parameters: [['userId'], ['epoch'], ['limit']],
  },
  'cleanup.selectOverfull': {
    text: 'select "id" from "sessions" where "user_id" = ? and "epoch" = ? order by "id" limit ? offset ?',
    parameters: [['userId'], ['epoch'], 1, ['offset']],
  },
  'clients.endSecrets': {
    text: 'update "client_secrets" set "ends_at" = ? where "client_id" = ? and ("ends_at" is null or "ends_at" > ?)',
    parameters: [['endsAt'], ['id'], ['endsAt']],
  },
  'clients.insertSecret': {
    text: 'insert into "client_secrets" ("id", "client_id", "hash", "created_at", "ends_at") values (?, ?, ?, ?, ?)',
    parameters: [['id'], ['client_id'], ['hash'], ['created_at'], ['ends_at']],
  },
  'clients.insertUnlessTaken': {
    text: 'insert into "clients" ("id", "kind", "name", "created_at") values (?, ?, ?, ?) on conflict do nothing returning "id"',
    parameters: [['id'], ['kind'], ['name'], ['created_at']],
  },
  'clients.lock': {
    text: 'select "id" from "clients" where "id" = ?',
    parameters: [['id']],
  },
  'clients.remove': {
    text: 'delete from "clients" where "id" = ? returning "id"',
    parameters: [['id']],
  },
  'clients.removeEnded': {
    text: 'delete from "client_secrets" where "client_id" = ? and "ends_at" <= ?',
    parameters: [['id'], ['now']],
  },
  'clients.selectAll': {
    text: 'select "clients"."id", "clients"."kind", "clients"."name", "clients"."created_at", "client_secrets"."id" as "secretId", "client_secrets"."hash", "client_secrets"."created_at" as "secretCreatedAt", "client_secrets"."ends_at" as "endsAt" from "clients" left join "client_secrets" on "client_secrets"."client_id" = "clients"."id" order by "clients"."created_at", "clients"."id", "client_secrets"."created_at", "client_secrets"."id"',
    parameters: [],
  },
  'clients.selectById': {
    text: 'select "clients"."id", "clients"."kind", "clients"."name", "clients"."created_at", "client_secrets"."id" as "secretId", "client_secrets"."hash", "client_secrets"."created_at" as "secretCreatedAt", "client_secrets"."ends_at" as "endsAt" from "clients" left join "client_secrets" on "client_secrets"."client_id" = "clients"."id" where "clients"."id" = ? order by "clients"."created_at", "clients"."id", "client_secrets"."created_at", "client_secrets"."id"',
    parameters: [['id']],
  },
  'erasure.eraseOfActor': {
    text: 'update "audit_events" set "address" = ?, "user_agent" = ?, "salt" = ? where "actor_kind" = ? and "actor_id" = ? and "id" > ? and "id" <= ?',
    parameters: [null, null, null, 'user', ['userId'], ['after'], ['upTo']],
  },
  'erasure.eraseOfSubject': {
    text: 'update "audit_events" set "address" = ?, "user_agent" = ?, "salt" = ? where "user_id" = ? and "id" > ? and "id" <= ? and ("actor_kind" is null or "actor_kind" in (?, ?))',
    parameters: [null, null, null, ['userId'], ['after'], ['upTo'], 'anonymous', 'unknown'],
  },
  'erasure.eraseOne': {
    text: 'update "audit_events" set "address" = ?, "user_agent" = ?, "salt" = ? where "id" = ?',
    parameters: [null, null, null, ['id']],
  },
  'erasure.finish': {
    text: 'delete from "audit_erasures" where "user_id" = ?',
    parameters: [['userId']],
  },
  'erasure.request': {
    text: 'insert into "audit_erasures" ("user_id", "requested_at") values (?, ?) on conflict do nothing',
    parameters: [['userId'], ['now']],
  },
  'erasure.selectOfActor': {
    text: 'select "id" from "audit_events" where "actor_kind" = ? and "actor_id" = ? and "id" > ? order by "id" limit ?',
    parameters: ['user', ['userId'], ['after'], ['limit']],
  },
  'erasure.selectOfSubject': {
    text: 'select "id" from "audit_events" where "user_id" = ? and "id" > ? order by "id" limit ?',
    parameters: [['userId'], ['after'], ['limit']],
  },
  'erasure.selectOne': {
    text: 'select "user_id" as "userId" from "audit_erasures" order by "user_id" limit ?',
    parameters: [1],
  },
  'factors.confirm': {
    text: 'update "authenticators" set "confirmed_at" = ?, "last_used_at" = ?, "last_step" = ? where "id" = ? and "user_id" = ? and "confirmed_at" is null and "created_at" > ? and "last_step" < ? returning "id"',
    parameters: [['now'], ['now'], ['step'], ['id'], ['userId'], ['createdAfter'], ['step']],
  },
  'factors.countTry': {
    text: 'update "one_time_secrets" set "attempts" = "attempts" + ? where "id" = ? and "purpose" = ? and "subject" = ? and "mac" = ? and "used_at" is null and "expires_at" > ? and "attempts" < ? returning "id"',
    parameters: [1, ['id'], ['purpose'], ['subject'], ['mac'], ['now'], ['maxAttempts']],
  },
  'factors.insertAuthenticator': {
    text: 'insert into "authenticators" ("id", "user_id", "name", "sealed_secret", "last_step", "created_at", "confirmed_at", "last_used_at") values (?, ?, ?, ?, ?, ?, ?, ?)',
    parameters: [
      ['id'],
      ['user_id'],
      ['name'],
      ['sealed_secret'],
      ['last_step'],
      ['created_at'],
      ['confirmed_at'],
      ['last_used_at'],
    ],
  },
  'factors.insertCodes': {
    text: 'insert into "recovery_codes" ("user_id", "sealed_key", "macs", "created_at") values (?, ?, ?, ?)',
    parameters: [['user_id'], ['sealed_key'], ['macs'], ['created_at']],
  },
  'factors.lockUser': {
    text: 'select "second_factor_at" from "users" where "id" = ?',
    parameters: [['id']],
  },
  'factors.markSession': {
    text: 'update "sessions" set "amr" = ?, "mfa_time" = ? where "id" = ? and "user_id" = ?',
    parameters: [['amr'], ['now'], ['id'], ['userId']],
  },
  'factors.markUser': {
    text: 'update "users" set "second_factor_at" = ? where "id" = ?',
    parameters: [['at'], ['id']],
  },
  'factors.remove': {
    text: 'delete from "authenticators" where "id" = ? and "user_id" = ? returning "confirmed_at" as "confirmedAt"',
    parameters: [['id'], ['userId']],
  },
  'factors.removeCodes': {
    text: 'delete from "recovery_codes" where "user_id" = ?',
    parameters: [['userId']],
  },
  'factors.removeUnconfirmed': {
    text: 'delete from "authenticators" where "user_id" = ? and "confirmed_at" is null',
    parameters: [['userId']],
  },
  'factors.selectAuthenticators': {
    text: 'select "id", "user_id" as "userId", "name", "sealed_secret" as "sealedSecret", "last_step" as "lastStep", "created_at" as "createdAt", "confirmed_at" as "confirmedAt", "last_used_at" as "lastUsedAt" from "authenticators" where "user_id" = ? order by "id"',
    parameters: [['userId']],
  },
  'factors.selectCodes': {
    text: 'select * from "recovery_codes" where "user_id" = ?',
    parameters: [['userId']],
  },
  'factors.takeCode': {
    text: 'update "recovery_codes" set "macs" = ? where "user_id" = ? and "macs" = ? returning "user_id"',
    parameters: [['left'], ['userId'], ['macs']],
  },
  'factors.takeStep': {
    text: 'update "authenticators" set "last_step" = ?, "last_used_at" = ? where "id" = ? and "user_id" = ? and "confirmed_at" is not null and "last_step" < ? returning "id"',
    parameters: [['step'], ['now'], ['id'], ['userId'], ['step']],
  },
  'keys.insertEnvelope': {
    text: 'insert into "envelopes" ("id", "kind", "sealed", "created_at", "ends_at") values (?, ?, ?, ?, ?)',
    parameters: [['id'], ['kind'], ['sealed'], ['created_at'], ['ends_at']],
  },
  'keys.insertKey': {
    text: 'insert into "signing_keys" ("kid", "algorithm", "sealed_private_jwk", "created_at", "active_at", "retired_at", "revoked_at") values (?, ?, ?, ?, ?, ?, ?)',
    parameters: [
      ['kid'],
      ['algorithm'],
      ['sealed_private_jwk'],
      ['created_at'],
      ['active_at'],
      ['retired_at'],
      ['revoked_at'],
    ],
  },
  'keys.lockVersion': {
    text: 'select "value" from "facts" where "name" = ?',
    parameters: ['keys_version'],
  },
  'keys.makeVersion': {
    text: 'insert into "facts" ("name", "value") values (?, ?) on conflict do nothing',
    parameters: ['keys_version', '0'],
  },
  'keys.removeEnvelope': {
    text: 'delete from "envelopes" where "id" = ?',
    parameters: [['id']],
  },
  'keys.removeKey': {
    text: 'delete from "signing_keys" where "kid" = ?',
    parameters: [['kid']],
  },
  'keys.selectEnvelopes': {
    text: 'select "id", "kind", "sealed", "created_at" as "createdAt", "ends_at" as "endsAt" from "envelopes" order by "created_at", "id"',
    parameters: [],
  },
  'keys.selectKeys': {
    text: 'select "kid", "algorithm", "sealed_private_jwk" as "sealedPrivateJwk", "created_at" as "createdAt", "active_at" as "activeAt", "retired_at" as "retiredAt", "revoked_at" as "revokedAt" from "signing_keys" order by "active_at", "kid"',
    parameters: [],
  },
  'keys.selectVersion': {
    text: 'select "value" from "facts" where "name" = ?',
    parameters: ['keys_version'],
  },
  'keys.setVersion': {
    text: 'update "facts" set "value" = ? where "name" = ?',
    parameters: [['value'], 'keys_version'],
  },
  'limits.giveBack': {
    text: 'update "attempt_limits" set "attempts" = "attempts" - ?, "open_at" = ? where "key" = ? and "attempts" > ?',
    parameters: [1, 0, ['key'], 0],
  },
  'limits.name': {
    text: 'update "attempt_limits" set "subject" = ? where "key" = ?',
    parameters: [['subject'], ['key']],
  },
  'limits.put': {
    text: 'insert into "attempt_limits" ("key", "kind", "attempts", "open_at", "ends_at") values (?, ?, ?, ?, ?) on conflict ("key") do update set "attempts" = ?, "open_at" = ?, "ends_at" = ?',
    parameters: [
      ['key'],
      ['kind'],
      ['attempts'],
      ['open_at'],
      ['ends_at'],
      ['attempts'],
      ['open_at'],
      ['ends_at'],
    ],
  },
  'limits.remove': {
    text: 'delete from "attempt_limits" where "key" = ? returning "key"',
    parameters: [['key']],
  },
  'limits.select': {
    text: 'select "key", "kind", "attempts", "open_at" as "openAt", "ends_at" as "endsAt", "subject" from "attempt_limits" where "key" = ?',
    parameters: [['key']],
  },
  'limits.selectClosed': {
    text: 'select "key", "kind", "attempts", "open_at" as "openAt", "ends_at" as "endsAt", "subject" from "attempt_limits" where "kind" = ? and "open_at" > ? and "key" > ? order by "key" limit ?',
    parameters: [['kind'], ['now'], ['after'], ['limit']],
  },
  'locks.liveSession': {
    text: 'select * from "sessions" where "id" = ? and "user_id" = ? and "epoch" = ? and "expires_at" > ?',
    parameters: [['id'], ['userId'], ['epoch'], ['now']],
  },
  'locks.user': {
    text: 'select * from "users" where "id" = ?',
    parameters: [['id']],
  },
  'mails.countAttempt': {
    text: 'update "mails" set "attempts" = "attempts" + ?, "next_attempt_at" = ? where "id" = ? and "next_attempt_at" <= ? returning "id", "purpose", "recipient", "language", "secret_id" as "secretId", "data", "bucket", "asker", "created_at" as "createdAt", "attempts", "next_attempt_at" as "nextAttemptAt", "problem", "keep_until" as "keepUntil"',
    parameters: [1, ['nextAttemptAt'], ['id'], ['now']],
  },
  'mails.fail': {
    text: 'update "mails" set "problem" = ?, "next_attempt_at" = ?, "keep_until" = ? where "id" = ? and "attempts" = ?',
    parameters: [['problem'], ['nextAttemptAt'], ['keepUntil'], ['id'], ['attempts']],
  },
  'mails.finish': {
    text: 'update "mails" set "recipient" = ?, "data" = ?, "next_attempt_at" = ?, "problem" = ?, "keep_until" = ? where "id" = ? and "attempts" = ?',
    parameters: [null, null, null, null, ['keepUntil'], ['id'], ['attempts']],
  },
  'mails.insert': {
    text: 'insert into "mails" ("id", "purpose", "recipient", "language", "secret_id", "data", "bucket", "asker", "created_at", "attempts", "next_attempt_at", "problem", "keep_until") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    parameters: [
      ['id'],
      ['purpose'],
      ['recipient'],
      ['language'],
      ['secret_id'],
      ['data'],
      ['bucket'],
      ['asker'],
      ['created_at'],
      ['attempts'],
      ['next_attempt_at'],
      ['problem'],
      ['keep_until'],
    ],
  },
  'mails.removeOld': {
    text: 'delete from "mails" where "id" in (select "id" from "mails" where "keep_until" is not null and "keep_until" <= ? limit ?) returning "id"',
    parameters: [['now'], ['limit']],
  },
  'mails.removeSecretsTo': {
    text: 'delete from "mails" where "recipient" = ? and "secret_id" is not null',
    parameters: [['recipient']],
  },
  'mails.removeTo': {
    text: 'delete from "mails" where "recipient" = ?',
    parameters: [['recipient']],
  },
  'mails.retry': {
    text: 'update "mails" set "attempts" = ?, "next_attempt_at" = ?, "keep_until" = ? where "id" = ? and "recipient" is not null and "problem" is not null returning "id"',
    parameters: [0, ['now'], null, ['id']],
  },
  'mails.retryAll': {
    text: 'update "mails" set "attempts" = ?, "next_attempt_at" = ?, "keep_until" = ? where "recipient" is not null and "problem" is not null returning "id"',
    parameters: [0, ['now'], null],
  },
  'mails.selectDue': {
    text: 'select "id", "purpose", "recipient", "language", "secret_id" as "secretId", "data", "bucket", "asker", "created_at" as "createdAt", "attempts", "next_attempt_at" as "nextAttemptAt", "problem", "keep_until" as "keepUntil" from "mails" where "next_attempt_at" is not null and "next_attempt_at" <= ? order by "next_attempt_at" limit ?',
    parameters: [['now'], ['limit']],
  },
  'mails.selectOfAsker': {
    text: 'select "created_at" from "mails" where "asker" = ? and "created_at" > ? limit ?',
    parameters: [['asker'], ['since'], ['limit']],
  },
  'mails.selectOfBucket': {
    text: 'select "created_at" from "mails" where "bucket" = ? and "created_at" > ? order by "created_at" desc limit ?',
    parameters: [['bucket'], ['since'], ['limit']],
  },
  'mails.selectPage': {
    text: 'select "id", "purpose", "recipient", "language", "secret_id" as "secretId", "data", "bucket", "asker", "created_at" as "createdAt", "attempts", "next_attempt_at" as "nextAttemptAt", "problem", "keep_until" as "keepUntil" from "mails" where "recipient" is not null and "id" > ? order by "id" limit ?',
    parameters: [['after'], ['limit']],
  },
  'migrate.findVersion': {
    text: 'select max("version") as "version" from "latchkey_migrations"',
    parameters: [],
  },
  'nodeState.insertUnlessThere': {
    text: 'insert into "facts" ("name", "value") values (?, ?) on conflict do nothing',
    parameters: [['name'], ['value']],
  },
  'nodeState.replace': {
    text: 'update "facts" set "value" = ? where "name" = ?',
    parameters: [['value'], ['name']],
  },
  'nodeState.select': {
    text: 'select "value" from "facts" where "name" = ?',
    parameters: [['name']],
  },
  'nodeState.selectPlainly': {
    text: 'select "value" from "facts" where "name" = ?',
    parameters: [['name']],
  },
  'purge.removeBuckets': {
    text: 'delete from "attempt_limits" where "key" in (select "key" from "attempt_limits" where "ends_at" <= ? limit ?) returning "key"',
    parameters: [['now'], ['limit']],
  },
  'purge.removeEvents': {
    text: 'delete from "audit_events" where "id" in (select "id" from "audit_events" where "seq" is null and "id" < ? order by "id" limit ?) returning "id"',
    parameters: [['before'], ['limit']],
  },
  'purge.removeRevocations': {
    text: 'delete from "revocations" where "seq" in (select "seq" from "revocations" where "expires_at" <= ? and "seq" < (select max("seq") as "seq" from "revocations") limit ?) returning "seq"',
    parameters: [['now'], ['limit']],
  },
  'purge.removeSessions': {
    text: 'delete from "sessions" where "id" in (select "id" from "sessions" where "expires_at" <= ? limit ?) returning "id"',
    parameters: [['now'], ['limit']],
  },
  'purge.selectAnything': {
    text: 'select 1 as "one"',
    parameters: [],
  },
  'reauthenticate.changeUser': {
    text: 'update "users" set "token_version" = ?, "password_hash" = ? where "id" = ?',
    parameters: [['version'], ['hash'], ['id']],
  },
  'reauthenticate.renew': {
    text: 'update "sessions" set "generation" = ?, "first_generation" = ?, "parent_generation" = ?, "rotated_at" = ?, "expires_at" = ?, "auth_time" = ?, "amr" = ?, "mfa_time" = ? where "id" = ?',
    parameters: [
      ['generation'],
      ['generation'],
      null,
      ['now'],
      ['expiresAt'],
      ['now'],
      ['amr'],
      ['mfaTime'],
      ['id'],
    ],
  },
  'revocations.insert': {
    text: 'insert into "revocations" ("kind", "subject", "version", "expires_at") values (?, ?, ?, ? + coalesce((select cast("value" as integer) as "seconds" from "facts" where "name" = ?), 0) * 1000) returning "seq", "expires_at" as "expiresAt"',
    parameters: [['kind'], ['subject'], ['version'], ['issuedUntil'], 'longest_access_token_ttl'],
  },
  'revocations.selectLive': {
    text: 'select "seq", "kind", "subject", "version", "expires_at" as "expiresAt" from "revocations" where "seq" > ? and "expires_at" > ? order by "seq"',
    parameters: [['after'], ['now']],
  },
  'revocations.selectNewest': {
    text: 'select max("seq") as "seq" from "revocations"',
    parameters: [],
  },
  'rotation.advance': {
    text: 'update "sessions" set "generation" = ?, "parent_generation" = ?, "rotated_at" = ?, "expires_at" = ? where "id" = ?',
    parameters: [['generation'], ['parent'], ['now'], ['expiresAt'], ['id']],
  },
  'rotation.remove': {
    text: 'delete from "sessions" where "id" = ?',
    parameters: [['id']],
  },
  'rotation.selectSession': {
    text: 'select * from "sessions" where "id" = ?',
    parameters: [['id']],
  },
  'rotation.selectUser': {
    text: 'select * from "users" where "id" = ?',
    parameters: [['id']],
  },
  'sealed.listKeys': {
    text: 'select "user_id" as "id", "user_id" as "userId", "sealed_key" as "sealed" from "recovery_codes" where "user_id" > ? order by "user_id" limit ?',
    parameters: [['after'], ['limit']],
  },
  'sealed.listSecrets': {
    text: 'select "id", "user_id" as "userId", "sealed_secret" as "sealed" from "authenticators" where "id" > ? order by "id" limit ?',
    parameters: [['after'], ['limit']],
  },
  'sealed.replaceKey': {
    text: 'update "recovery_codes" set "sealed_key" = ? where "user_id" = ? and "sealed_key" = ?',
    parameters: [['to'], ['id'], ['from']],
  },
  'sealed.replaceSecret': {
    text: 'update "authenticators" set "sealed_secret" = ? where "id" = ? and "sealed_secret" = ?',
    parameters: [['to'], ['id'], ['from']],
  },
  'secrets.consume': {
    text: 'update "one_time_secrets" set "used_at" = ? where "id" = ? and "purpose" = ? and "subject" = ? and "mac" = ? and "used_at" is null and "expires_at" > ? returning "id"',
    parameters: [['now'], ['id'], ['purpose'], ['subject'], ['mac'], ['now']],
  },
  'secrets.countAttempt': {
    text: 'update "one_time_secrets" set "attempts" = "attempts" + ? where "id" = ? and "purpose" = ? and "subject" = coalesce(?, "subject") and "used_at" is null and "expires_at" > ? and "code_expires_at" > ? and "attempts" < ? returning "id", "purpose", "subject", "mac", "data", "browser", "expires_at" as "expiresAt", "code_expires_at" as "codeExpiresAt"',
    parameters: [1, ['id'], ['purpose'], ['subject'], ['now'], ['now'], ['maxAttempts']],
  },
  'secrets.insert': {
    text: 'insert into "one_time_secrets" ("id", "purpose", "subject", "mac", "data", "browser", "expires_at", "code_expires_at") values (?, ?, ?, ?, ?, ?, ?, ?)',
    parameters: [
      ['id'],
      ['purpose'],
      ['subject'],
      ['mac'],
      ['data'],
      ['browser'],
      ['expires_at'],
      ['code_expires_at'],
    ],
  },
  'secrets.lock': {
    text: 'select "id" from "one_time_secrets" where "id" = ? and "purpose" = ? and "subject" = ? and "mac" = ? and "used_at" is null and "expires_at" > ?',
    parameters: [['id'], ['purpose'], ['subject'], ['mac'], ['now']],
  },
  'secrets.lockUser': {
    text: 'select "id" from "users" where "id" = ?',
    parameters: [['id']],
  },
  'secrets.remove': {
    text: 'delete from "one_time_secrets" where "id" = ?',
    parameters: [['id']],
  },
  'secrets.removeAll': {
    text: 'delete from "one_time_secrets" where "id" in (select "id" from "one_time_secrets" where "subject" = ? order by "id")',
    parameters: [['subject']],
  },
  'secrets.removeEvery': {
    text: 'delete from "one_time_secrets"',
    parameters: [],
  },
  'secrets.removeExact': {
    text: 'delete from "one_time_secrets" where "id" = ? and "purpose" = ? and "subject" = ?',
    parameters: [['id'], ['purpose'], ['subject']],
  },
  'secrets.removeExpired': {
    text: 'delete from "one_time_secrets" where "id" in (select "id" from "one_time_secrets" where "expires_at" <= ? limit ?) returning "id"',
    parameters: [['now'], ['limit']],
  },
  'secrets.removeOpen': {
    text: 'delete from "one_time_secrets" where "id" in (select "id" from "one_time_secrets" where "subject" = ? and "purpose" not in (?, ?) order by "id")',
    parameters: [['subject'], 'undo', 'report'],
  },
  'secrets.selectLive': {
    text: 'select "id", "purpose", "subject", "mac", "data", "browser", "expires_at" as "expiresAt", "code_expires_at" as "codeExpiresAt" from "one_time_secrets" where "id" = ? and "purpose" = ? and "used_at" is null and "expires_at" > ?',
    parameters: [['id'], ['purpose'], ['now']],
  },
  'secrets.selectLiveIds': {
    text: 'select "id", "browser" from "one_time_secrets" where "subject" = ? and "purpose" = ? and "used_at" is null and "expires_at" > ? order by "id"',
    parameters: [['subject'], ['purpose'], ['now']],
  },
  'sessions.insert': {
    text: 'insert into "sessions" ("id", "user_id", "generation", "rotated_at", "expires_at", "created_at", "auth_time", "amr", "mfa_time", "client_id", "scope", "address", "user_agent", "epoch") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    parameters: [
      ['id'],
      ['user_id'],
      ['generation'],
      ['rotated_at'],
      ['expires_at'],
      ['created_at'],
      ['auth_time'],
      ['amr'],
      ['mfa_time'],
      ['client_id'],
      ['scope'],
      ['address'],
      ['user_agent'],
      ['epoch'],
    ],
  },
  'sessions.remove': {
    text: 'delete from "sessions" where "id" = ? and "user_id" = ? returning "id"',
    parameters: [['id'], ['userId']],
  },
  'sessions.replaceHash': {
    text: 'update "users" set "password_hash" = ? where "id" = ?',
    parameters: [['hash'], ['id']],
  },
  'sessions.selectById': {
    text: 'select "users".*, "sessions"."id" as "session_id", "sessions"."created_at" as "session_created_at", "sessions"."generation", "sessions"."rotated_at", "sessions"."expires_at", "sessions"."auth_time", "sessions"."amr", "sessions"."mfa_time", "sessions"."client_id", "sessions"."scope", "sessions"."address", "sessions"."user_agent", "sessions"."first_generation", "sessions"."parent_generation" from "sessions" inner join "users" on "users"."id" = "sessions"."user_id" and "users"."session_epoch" = "sessions"."epoch" where "sessions"."id" = ? and "sessions"."expires_at" > ?',
    parameters: [['id'], ['now']],
  },
  'sessions.selectLive': {
    text: 'select * from "sessions" where "user_id" = ? and "epoch" = (select "session_epoch" from "users" where "id" = ?) and "id" < ? and "expires_at" > ? order by "id" desc limit ?',
    parameters: [['userId'], ['userId'], ['before'], ['now'], ['limit']],
  },
  'statistics.countDisabled': {
    text: 'select count(*) as "count" from "users" where "disabled_at" is not null',
    parameters: [],
  },
  'statistics.countEvents': {
    text: 'select "type", count(*) as "count" from (select "type" from "audit_events" where "id" > ? order by "id" desc limit ?) as "recent" group by "type" order by "type"',
    parameters: [['after'], ['limit']],
  },
  'statistics.countSessions': {
    text: 'select count(*) as "count" from "sessions" where "expires_at" > ?',
    parameters: [['now']],
  },
  'statistics.countUsers': {
    text: 'select count(*) as "count" from "users"',
    parameters: [],
  },
  'statistics.countWithRole': {
    text: 'select count(*) as "count" from "user_roles" where "role" = ?',
    parameters: [['role']],
  },
  'update.findByEmail': {
    text: 'select "id" from "users" where "email_key" = ? and "id" <> ?',
    parameters: [['key'], ['id']],
  },
  'update.findByUsername': {
    text: 'select "id" from "users" where "username_key" = ? and "id" <> ?',
    parameters: [['key'], ['id']],
  },
  'update.replace': {
    text: 'update "users" set "username" = ?, "username_key" = ?, "email" = ?, "email_key" = ?, "email_verified_at" = ?, "name" = ?, "profile" = ?, "token_version" = ?, "updated_at" = ? where "id" = ?',
    parameters: [
      ['username'],
      ['username_key'],
      ['email'],
      ['email_key'],
      ['email_verified_at'],
      ['name'],
      ['profile'],
      ['token_version'],
      ['updated_at'],
      ['id'],
    ],
  },
  'users.firstHashes': {
    text: 'select "password_hash" as "hash" from "users" limit ?',
    parameters: [['limit']],
  },
  'users.hashAt': {
    text: 'select "password_hash" as "hash" from "users" where "rowid" >= ? order by "rowid" limit ?',
    parameters: [['at'], 1],
  },
  'users.insertUnlessTaken': {
    text: 'insert into "users" ("id", "username", "username_key", "email", "email_key", "email_verified_at", "name", "roles", "profile", "password_hash", "token_version", "credential_version", "disabled_at", "password_change_required_at", "password_expires_at", "second_factor_at", "created_at", "updated_at") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing returning "id"',
    parameters: [
      ['id'],
      ['username'],
      ['username_key'],
      ['email'],
      ['email_key'],
      ['email_verified_at'],
      ['name'],
      ['roles'],
      ['profile'],
      ['password_hash'],
      ['token_version'],
      ['credential_version'],
      ['disabled_at'],
      ['password_change_required_at'],
      ['password_expires_at'],
      ['second_factor_at'],
      ['created_at'],
      ['updated_at'],
    ],
  },
  'users.lastRow': {
    text: 'select "rowid" from "users" order by "rowid" desc limit ?',
    parameters: [1],
  },
  'users.selectByEmail': {
    text: 'select * from "users" where "email_key" = ?',
    parameters: [['key']],
  },
  'users.selectById': {
    text: 'select * from "users" where "id" = ?',
    parameters: [['id']],
  },
  'users.selectByUsername': {
    text: 'select * from "users" where "username_key" = ?',
    parameters: [['key']],
  },
  'users.selectBy_email_key': {
    text: 'select * from "users" where "email_key" >= ? and "email_key" < ? and "email_key" > ? order by "email_key" limit ?',
    parameters: [['from'], ['to'], ['after'], ['limit']],
  },
  'users.selectBy_username_key': {
    text: 'select * from "users" where "username_key" >= ? and "username_key" < ? and "username_key" > ? order by "username_key" limit ?',
    parameters: [['from'], ['to'], ['after'], ['limit']],
  },
  'users.selectDisabled': {
    text: 'select * from "users" where "disabled_at" is not null and "id" > ? and "id" < ? order by "id" limit ?',
    parameters: [['after'], ['before'], ['limit']],
  },
  'users.selectPage': {
    text: 'select * from "users" where "id" > ? and "id" < ? order by "id" limit ?',
    parameters: [['after'], ['before'], ['limit']],
  },
  'users.selectWithRole': {
    text: 'select "users".* from "user_roles" inner join "users" on "users"."id" = "user_roles"."user_id" where "user_roles"."role" = ? and "user_roles"."user_id" > ? and "user_roles"."user_id" < ? order by "user_roles"."user_id" limit ?',
    parameters: [['role'], ['after'], ['before'], ['limit']],
  },
  'writeProbe.removeEvent': {
    text: 'delete from "audit_events" where "id" = ?',
    parameters: [['id']],
  },
  'writeProbe.removeUser': {
    text: 'delete from "users" where "id" = ?',
    parameters: [['id']],
  },
};
