import type { Store } from '../../auth/ports/store.ts';
import { createSingleStatements, createVerbs } from '../queries/index.ts';
import { isPlainId, rotationOfMany } from '../queries/sessions/rotation-batch.ts';
import { type StatementSql, USE_TRANSACTION } from '../queries/single-statement.ts';
import { createVerbCalls, isReadingVerb, type VerbArgs, type VerbName } from '../queries/verb.ts';
import type { Steps } from '../sql/steps.ts';
import type { PostgresLocation } from './connection/location.ts';
import type { PostgresExecutor } from './executor.ts';
import type { InFlightCalls } from './in-flight-calls.ts';
import { RotationBatcher } from './rotation-batcher.ts';

/** Rare verbs on rows that all callers share. They take effect in the order of the calls, on one connection. */
const ORDERED_VERBS: ReadonlySet<VerbName> = new Set([
  'setMax',
  'compareAndSet',
  'changeKeys',
  'purgeExpired',
]);
/** Writing verbs whose only form is one statement. */
const ONE_STATEMENT_VERBS: ReadonlySet<VerbName> = new Set(['recordEvent']);

/** The verbs of the port, each as the quickest of its forms that fits the call. */
export function createCalls(
  sql: StatementSql,
  executor: PostgresExecutor,
  inFlight: InFlightCalls,
  location: PostgresLocation,
): Pick<Store, VerbName> {
  const single = createVerbCalls(createRuns(sql, executor));
  const runs = { ...single, rotateSession: batchRotations(sql, executor, single, location) };
  return createVerbCalls(<K extends VerbName>(name: K) => {
    const run = runs[name] as (args: VerbArgs<K>) => Promise<unknown>;
    const call = ORDERED_VERBS.has(name)
      ? (args: VerbArgs<K>) => inFlight.runInOrder(() => run(args))
      : (args: VerbArgs<K>) => inFlight.run(() => run(args));
    // The verb of this name made the answer.
    return call as Store[K];
  });
}

function createRuns(
  sql: StatementSql,
  executor: PostgresExecutor,
): <K extends VerbName>(name: K) => Store[K] {
  const verbs = createVerbs(sql);
  const singleStatements = createSingleStatements(sql);
  return <K extends VerbName>(name: K) => {
    const needsTransaction = !ONE_STATEMENT_VERBS.has(name) && !isReadingVerb(name);
    const verb = verbs[name] as (args: VerbArgs<K>) => Steps<unknown>;
    const single = singleStatements[name] as ((args: VerbArgs<K>) => Steps<unknown>) | undefined;
    const run = async (args: VerbArgs<K>) => {
      if (single !== undefined) {
        const answer = await executor.runStatements(() => single(args));
        if (answer !== USE_TRANSACTION) return answer;
      }
      return needsTransaction
        ? executor.runTransaction(() => verb(args))
        : executor.runStatements(() => verb(args));
    };
    return run as Store[K];
  };
}

function batchRotations(
  sql: StatementSql,
  executor: PostgresExecutor,
  { rotateSession: runSingle }: Pick<Store, 'rotateSession'>,
  { connectTimeoutMs, maxWaiting }: PostgresLocation,
): Store['rotateSession'] {
  const rotateMany = rotationOfMany(sql);
  const batcher = new RotationBatcher({
    keyOf: ({ sessionId }: VerbArgs<'rotateSession'>) => sessionId,
    runBatch: (batch) => executor.runStatements(() => rotateMany(batch)),
    runSingle,
    maxWaiting,
    maxWaitMs: connectTimeoutMs,
  });
  return (args) => (isPlainId(args) ? batcher.run(args) : runSingle(args));
}
