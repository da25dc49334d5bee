/** Users with a session each, inserted directly, as signing up so many would take hours. */
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type pg from 'pg';
import { withClient } from './postgres.ts';

export interface Crowd {
  /** Adds `count` users, numbered from `from`. */
  add(from: number, count: number): Promise<void>;
  /** Runs the maintenance that the database would do by itself in time. */
  settle(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** As long as a real one. */
const PASSWORD_HASH = `$argon2id$${'x'.repeat(87)}`;
const USER_AGENT = 'x'.repeat(110);

export function createPostgresCrowd(url: string): Crowd {
  return {
    async add(from, count) {
      const now = Date.now();
      const text = `
        with people as (
          insert into users (id, username, username_key, roles, profile, password_hash,
            token_version, created_at, updated_at)
          select uuidv7()::text, 'crowd-' || it, 'crowd-' || it, '[]', '{}', $3::text, 0, $4, $4
          from generate_series($1::int, $1::int + $2::int - 1) as it
          returning id
        )
        insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at,
          auth_time, address, user_agent)
        select uuidv7()::text, id, 0, $4::bigint, $4::bigint + $5::bigint, $4::bigint,
          $4::bigint, '127.0.0.1', $6::text
        from people`;
      const values = [from, count, PASSWORD_HASH, now, 30 * DAY_MS, USER_AGENT];
      await withClient(url, (client) => client.query(text, values));
    },
    async settle() {
      await withClient(url, async (client) => {
        await client.query('vacuum analyze');
        await client.query('checkpoint');
      });
    },
  };
}

export function createSqliteCrowd(file: string): Crowd {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec('pragma synchronous = off');
  const addUser = db.prepare(`
    insert into users (id, username, username_key, roles, profile, password_hash,
      token_version, created_at, updated_at)
    values ($id, $name, $name, '[]', '{}', '${PASSWORD_HASH}', 0, $now, $now)`);
  const addSession = db.prepare(`
    insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at, auth_time,
      address, user_agent)
    values ($id, $user, 0, $now, $expires, $now, $now, '127.0.0.1', '${USER_AGENT}')`);
  return {
    async add(from, count) {
      const now = Date.now();
      db.exec('begin immediate');
      for (let it = from; it < from + count; it++) {
        const user = createUuid(now);
        addUser.run({ id: user, name: `crowd-${it}`, now });
        addSession.run({ id: createUuid(now), user, now, expires: now + 30 * DAY_MS });
      }
      db.exec('commit');
    },
    async settle() {
      db.exec('pragma wal_checkpoint(truncate)');
      db.close();
    },
  };
}

/** Gives a user live sessions, as old as the oldest of a crowd. */
export async function addPostgresSessions(
  client: pg.Client,
  userId: string,
  count: number,
): Promise<void> {
  const since = Date.now() - DAY_MS;
  const values = [userId, count, since, since + 30 * DAY_MS, USER_AGENT];
  await client.query(
    `insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at, auth_time,
      address, user_agent, epoch)
    select uuidv7(interval '-1 day')::text, id, 0, $3::bigint, $4::bigint, $3::bigint, $3::bigint,
      '127.0.0.1', $5::text, session_epoch
    from users, generate_series(1, $2::int) where id = $1`,
    values,
  );
  // As the database would do by itself in time.
  await client.query('vacuum analyze sessions');
  await client.query('checkpoint');
}

/** As {@link addPostgresSessions}. */
export function addSqliteSessions(db: DatabaseSync, userId: string, count: number): void {
  const since = Date.now() - DAY_MS;
  const add = db.prepare(`
    insert into sessions (id, user_id, generation, rotated_at, expires_at, created_at, auth_time,
      address, user_agent, epoch)
    select $id, id, 0, $since, $expires, $since, $since, '127.0.0.1', '${USER_AGENT}', session_epoch
    from users where id = $user`);
  db.exec('begin immediate');
  for (let it = 0; it < count; it++) {
    add.run({ id: createUuid(since), user: userId, since, expires: since + 30 * DAY_MS });
  }
  db.exec('commit');
  db.exec('pragma wal_checkpoint(truncate)');
}

/** A UUID of version 7, as Latchkey makes them: they sort by the time of their creation. */
function createUuid(now: number): string {
  const hex = now.toString(16).padStart(12, '0') + randomBytes(10).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}
