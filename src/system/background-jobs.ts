import type { Auth } from '../auth/auth.ts';
import type { OnEventHook } from '../auth/hooks/host-hooks.ts';
import { Lease } from '../auth/lease.ts';
import type { Store } from '../auth/ports/store.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { settlesWithin } from '../kernel/timing/settles-within.ts';
import { createReporter, type OnBackgroundReport, reporting } from './background-report.ts';
import { PurgeJob } from './purge-expired.ts';
import { SEAL_INTERVAL_MS, SEAL_TERM_MS, SealJob } from './seal-events.ts';
import { MAIL_INTERVAL_MS, MAIL_TERM_MS, type MailCarriers, MailJob } from './send-mails.ts';

const MAINTENANCE_INTERVAL = 60_000;
const STOP_LIMIT_MS = 2_000;
/** Long enough that a node that renews it every minute may be late once. */
const LEASE_TERM = 3 * MAINTENANCE_INTERVAL;

export interface BackgroundJobs {
  /** Sends mails now, instead of at the next interval. Does nothing on a node that sends none. */
  readonly sendMails: () => void;
  /** Waits for what is under way, for two seconds at most. What goes on fails once the store is closed. */
  stop(): Promise<void>;
}

export interface UpkeepOptions {
  readonly auth: Auth;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** ms */
  readonly pollInterval: number;
  readonly onReport: OnBackgroundReport;
  /** Whether this node also seals audit events. A command leaves that to the servers. */
  readonly seals: boolean;
  /** The host's hook for audit events. */
  readonly onEvent?: OnEventHook | undefined;
  /** What carries mails. Default: this node sends none. */
  readonly mail?: MailCarriers | undefined;
}

/**
 * Keeps a node up to date: reads what other processes revoked, at every interval and as soon as the database notifies
 * of it. Once a minute it forgets what has expired, which one node of all also removes from the database. One node
 * seals audit events, and one delivers them to the host's hook. If the database does not answer, the next run asks
 * again; what this node knows stays in force, and `onReport` gets the reason.
 */
export async function startUpkeep(options: UpkeepOptions): Promise<BackgroundJobs> {
  const { auth, store, clock, random, pollInterval } = options;
  let isStopping = false;
  const onReport: OnBackgroundReport = (report) => {
    // What closing cuts off is not a failure.
    if (!isStopping) options.onReport(report);
  };
  const poll = repeat(
    reporting('reading revocations', () => auth.revocations.catchUp(), onReport),
    pollInterval,
  );
  const lease = new Lease({ store, clock, random, name: 'housekeeping', termMs: LEASE_TERM });
  const housekeeping = new PurgeJob(auth, lease, clock);
  const maintain = async () => {
    await auth.maintain();
    await housekeeping.run();
  };
  const maintenance = repeat(reporting('maintenance', maintain, onReport), MAINTENANCE_INTERVAL);
  const sealing = options.seals ? startSealing(options, onReport) : undefined;
  const delivery = options.onEvent && (await startDelivery(options, options.onEvent, onReport));
  const mailing = options.mail && startMailing(options, options.mail, onReport);
  const unsubscribe = await store.subscribe?.(
    poll.now,
    createReporter('listening for revocations', onReport),
  );
  return {
    sendMails: () => mailing?.now(),
    async stop() {
      isStopping = true;
      housekeeping.stop();
      const jobs = [
        poll.stop(),
        maintenance.stop(),
        sealing?.stop(),
        delivery?.stop(),
        mailing?.stop(),
      ];
      const stopped = Promise.all([unsubscribe?.(), ...jobs]);
      // A database that is away cannot be told. There the lease ends with its term.
      await settlesWithin(
        STOP_LIMIT_MS,
        stopped.then(() => lease.release()),
      );
    },
  };
}

/** Seals audit events while the node runs. */
function startSealing(
  { auth, store, clock, random }: UpkeepOptions,
  onReport: OnBackgroundReport,
): Pick<Repeated, 'stop'> {
  const lease = new Lease({ store, clock, random, name: 'audit-seal', termMs: SEAL_TERM_MS });
  const job = new SealJob(auth.auditChain.sealer, lease, clock);
  const run = reporting('sealing audit events', () => job.run(), onReport);
  return repeatJob(job, run, SEAL_INTERVAL_MS);
}

/** Delivers audit events to the host's hook while the node runs. */
async function startDelivery(
  { auth, store, clock, random }: UpkeepOptions,
  hook: OnEventHook,
  onReport: OnBackgroundReport,
): Promise<Pick<Repeated, 'stop'>> {
  const { DeliveryJob, DELIVERY_INTERVAL_MS, DELIVERY_TERM_MS } = await import(
    './deliver-events.ts'
  );
  const name = 'audit-delivery';
  const lease = new Lease({ store, clock, random, name, termMs: DELIVERY_TERM_MS });
  const report = createReporter('calling onEvent', onReport);
  const job = new DeliveryJob(await auth.loadEventDelivery(), hook, lease, report);
  // From now on: without a first look, events until then would be left out.
  const run = reporting('delivering audit events', () => job.run(), onReport);
  await run();
  return repeatJob(job, run, DELIVERY_INTERVAL_MS);
}

/** Runs a job that holds a lease again and again. */
function repeatJob(
  job: { stop(): void; release(): Promise<void> },
  run: () => Promise<void>,
  intervalMs: number,
): Pick<Repeated, 'stop'> {
  const repeated = repeat(run, intervalMs);
  return {
    async stop() {
      job.stop();
      await repeated.stop();
      // Otherwise another node waits for the term.
      await job.release().catch(() => {});
    },
  };
}

/** Sends mails while the node runs. */
function startMailing(
  { auth, store, clock, random }: UpkeepOptions,
  carriers: MailCarriers,
  onReport: OnBackgroundReport,
): Repeated {
  const lease = new Lease({ store, clock, random, name: 'mail', termMs: MAIL_TERM_MS });
  const job = new MailJob(auth, carriers, lease);
  const repeated = repeat(
    reporting('sending mails', () => job.run(), onReport),
    MAIL_INTERVAL_MS,
  );
  return {
    now: repeated.now,
    async stop() {
      await job.stop();
      await repeated.stop();
      await job.release().catch(() => {});
    },
  };
}

interface Repeated {
  /** Runs the task now, or again after the present run, which may have begun too early. */
  now(): void;
  stop(): Promise<void>;
}

/** Runs a task that never rejects again and again, never two at a time. Keeps no process alive. */
function repeat(task: () => Promise<void>, interval: number): Repeated {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  const run = () => {
    running ??= task().finally(() => {
      running = undefined;
      if (again) now();
    });
  };
  const now = () => {
    again = running !== undefined && !stopped;
    run();
  };
  const timer = setInterval(run, interval);
  timer.unref();
  return {
    now,
    async stop() {
      stopped = true;
      again = false;
      clearInterval(timer);
      await running;
    },
  };
}
