import type { AuditTrail } from '../audit/audit-trail.ts';
import type { Clients } from '../clients/clients.ts';
import type { AuthContext } from '../context.ts';
import type { KeyRotationService } from '../keys/key-rotation-service.ts';
import type { Throttling } from '../limits/throttled.ts';
import type { Principal } from '../sessions/principal.ts';
import { AuditAdministration } from './audit.ts';
import { type AdministratorTerms, authorizeAdministrator } from './authorize.ts';
import { ClientAdministration } from './clients.ts';
import { KeyAdministration } from './keys.ts';
import { readStatistics, type StatisticsReading } from './statistics.ts';
import { ThrottlingAdministration } from './throttling.ts';
import { UserAdministration } from './users.ts';

/** The parts of the domain that administration uses. */
export interface AdministeredParts {
  readonly audit: AuditTrail;
  readonly clients: Clients;
  readonly keyRotation: KeyRotationService;
  readonly throttling: Throttling;
}

/**
 * What administrators do by HTTP. Its methods take what a request sent and check it. Call {@link authorize} first. The
 * command line and the host's own code use `Users`, `Clients` and `KeyRotationService` directly.
 */
export class Administration {
  /** The audit trail. */
  readonly audit: AuditAdministration;
  readonly users: UserAdministration;
  /** Programs that have a key of their own. */
  readonly clients: ClientAdministration;
  /** The keys that sign access tokens. */
  readonly keys: KeyAdministration;
  /** The names at which sign-ins have to wait. */
  readonly throttling: ThrottlingAdministration;
  readonly #context: AuthContext;

  constructor(context: AuthContext, parts: AdministeredParts) {
    this.#context = context;
    this.audit = new AuditAdministration(parts.audit);
    this.users = new UserAdministration(context);
    this.clients = new ClientAdministration(parts.clients);
    this.keys = new KeyAdministration(context, parts.keyRotation);
    this.throttling = new ThrottlingAdministration(parts.throttling);
  }

  /**
   * Asserts that a token speaks for an administrator, by the session and the user as they are stored now.
   * @throws {TokenRefused} when the session has ended, or the user was disabled or deleted
   * @throws {AccessDenied} when the user does not have the role
   * @throws {ReauthenticationRequired}
   */
  authorize(principal: Principal, terms: AdministratorTerms): Promise<void> {
    return authorizeAdministrator(this.#context, principal, terms);
  }

  /** Counts users, sessions and recent events. @param role that of administrators */
  readStatistics(role: string): Promise<StatisticsReading> {
    return readStatistics(this.#context, role);
  }
}
