import type { Administration } from './administration/administration.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import type { AuditChain } from './audit/chain/audit-chain.ts';
import type { EventDelivery } from './audit/event-delivery.ts';
import { Clients } from './clients/clients.ts';
import type { AuthContext } from './context.ts';
import type { PasswordReset } from './credentials/password-reset/password-reset.ts';
import { OwnFactors } from './credentials/second-factors/own-factors.ts';
import type { ActiveKeySet } from './keys/active-key-set.ts';
import type { KeyRotationService } from './keys/key-rotation-service.ts';
import type { SecretRotationService } from './keys/secret-rotation-service.ts';
import type { Lease } from './lease.ts';
import { reportRefusals, Throttling } from './limits/throttled.ts';
import type { MailDelivery } from './mail/mail-delivery.ts';
import { Outbox } from './mail/outbox.ts';
import type { MailSender } from './ports/mail-sender.ts';
import { purgeExpired } from './purge-expired.ts';
import type { RevocationLog } from './revocations/revocation-log.ts';
import { UserActs } from './users/user-acts.ts';
import { Users } from './users/users.ts';
import { WriteProbe } from './write-probe.ts';

/**
 * The domain of one node: what people do with their accounts, what operators and administrators do, and what runs in the
 * background. It knows neither HTTP nor SQL.
 */
export class Auth extends UserActs {
  /** Users, for the host's own code and the command line. */
  readonly users: Users;
  /** Programs that authenticate with a key of their own, such as guards. */
  readonly clients: Clients;
  /** The second factors of signed-in users. */
  readonly factors: OwnFactors;
  /** Reads the audit trail. */
  readonly audit: AuditTrail;
  /** Seals and verifies the audit trail. For background jobs and operators. */
  readonly auditChain: AuditChain;
  /** Where sign-ins have to wait because too many failed. For operators. */
  readonly throttling: Throttling;
  /** Mails that were not sent. For operators. */
  readonly outbox: Outbox;
  /** The keys that sign and verify access tokens now. */
  readonly keys: ActiveKeySet;
  /** Rotates and revokes signing keys. For operators. */
  readonly keyRotation: KeyRotationService;
  /** Replaces the secret. For operators. */
  readonly secretRotation: SecretRotationService;
  /** The live revocations that this node knows. A verifier asks its index. */
  readonly revocations: RevocationLog;
  readonly #context: AuthContext;
  readonly #writeProbe: WriteProbe;

  constructor(
    context: AuthContext,
    parts: Pick<Auth, 'keys' | 'keyRotation' | 'secretRotation' | 'auditChain'>,
  ) {
    super(context);
    this.#context = context;
    this.auditChain = parts.auditChain;
    this.#writeProbe = new WriteProbe(context);
    this.keys = parts.keys;
    this.keyRotation = parts.keyRotation;
    this.secretRotation = parts.secretRotation;
    this.revocations = context.log;
    this.users = new Users(context);
    this.clients = new Clients(context);
    this.factors = new OwnFactors(context);
    this.audit = new AuditTrail(context);
    this.throttling = new Throttling(context);
    this.outbox = new Outbox(context);
  }

  /** Delivers audit events to a function of the host. For a background job. */
  async loadEventDelivery(): Promise<EventDelivery> {
    const { EventDelivery } = await import('./audit/event-delivery.ts');
    return new EventDelivery(this.#context);
  }

  /** Loads what people do who have forgotten their password. Loaded at first use. */
  async loadPasswordReset(): Promise<PasswordReset> {
    const { PasswordReset } = await import('./credentials/password-reset/password-reset.ts');
    return new PasswordReset(this.#context);
  }

  /** Loads what sends the mails of the outbox. @param lease so that one node at a time sends */
  async loadMailDelivery(sender: MailSender, lease: Lease): Promise<MailDelivery> {
    const { MailDelivery } = await import('./mail/mail-delivery.ts');
    return new MailDelivery(this.#context, sender, lease);
  }

  /** Whether a mail may be sent now. @throws {StoreUnavailable} */
  async hasDueMail(): Promise<boolean> {
    const { store, clock } = this.#context;
    return (await store.findDueMails({ now: clock.now(), limit: 1 })).length > 0;
  }

  /** Loads what administrators do by HTTP. A server that is not administered by HTTP never loads it. */
  async loadAdministration(): Promise<Administration> {
    const { Administration } = await import('./administration/administration.ts');
    return new Administration(this.#context, this);
  }

  /**
   * Drops what has expired from this node's memory, samples password hashes, and rotates keys by the clock. Call it about
   * once a minute.
   */
  async maintain(): Promise<void> {
    await this.#context.log.purgeExpired();
    await this.#context.decoys.refresh();
    await reportRefusals(this.#context);
    await this.keyRotation.maintain();
  }

  /** Records what this node has counted and not yet recorded. Call it before the database is closed. */
  async finish(): Promise<void> {
    await reportRefusals(this.#context, true);
  }

  /**
   * Removes expired rows from the database: sessions, one-time secrets, revocations that affect no living token, and
   * audit events past their retention. Then it removes sessions that have ended, and ends those beyond
   * `maxSessions`. One node at a time should call it; two do no harm.
   * @param limit the most rows to remove, so that the call takes little time
   * @returns whether there may be more
   */
  purgeExpired(limit: number): Promise<boolean> {
    return purgeExpired(this.#context, limit);
  }

  /**
   * Resolves if a sign-in could succeed now: there is a key to sign with, and the database answers and takes writes.
   * It writes at most every two seconds, however often it is called.
   * @throws {StoreUnavailable}
   */
  async ping(): Promise<void> {
    await this.#context.assertCanIssue();
    await this.#context.store.ping();
    await this.#writeProbe.check();
  }
}
