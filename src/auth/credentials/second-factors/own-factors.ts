import type { Caller } from '../../audit/caller.ts';
import type { AuthContext } from '../../context.ts';
import { InputReader } from '../../input.ts';
import type { LiveSession } from '../../ports/sessions.ts';
import { explainGoneSession, findLiveSession } from '../../sessions/find-session.ts';
import type { Principal } from '../../sessions/principal.ts';
import { assertFresh, findStrongestFactor } from '../../sessions/reauthentication/freshness.ts';
import {
  addAuthenticator,
  type ConfirmedAuthenticator,
  confirmAuthenticator,
  listFactors,
  type NewAuthenticator,
  readCode,
  readName,
  removeFactor,
  replaceRecoveryCodes,
  type SecondFactors,
} from './enrolment.ts';

/**
 * The second factors of signed-in users. Each method names the user by the claims of an access token. A change,
 * apart from the confirmation, needs a fresh authentication with the strongest factor of the account.
 */
export class OwnFactors {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /** Lists the factors of the user. */
  list(principal: Principal): Promise<SecondFactors> {
    return listFactors(this.#context, principal.sub);
  }

  /**
   * Adds an authenticator app, to be confirmed within ten minutes. It is no factor until then.
   * @param input `{ name }`: for people, which app or phone it is; 1 to 64 characters
   * @throws {InvalidInput} also when the user has five
   * @throws {ReauthenticationRequired}
   * @throws {TokenRefused} when the session has ended or the user was deleted
   */
  async addTotp(principal: Principal, input: unknown): Promise<NewAuthenticator> {
    const reader = new InputReader(input);
    const name = readName(reader);
    reader.finish();
    const { user } = await this.#requireFresh(principal);
    return addAuthenticator(this.#context, user, name);
  }

  /**
   * Makes an authenticator a factor by a code of it. From then on every sign-in asks for a second factor. The session
   * counts as one that has presented it.
   * @param input `{ code }`: the six digits that the app shows
   * @returns with the recovery codes, if it is the first factor
   * @throws {InvalidInput}
   * @throws {FactorRefused} when the code is wrong
   * @throws {RecordNotFound} when it was not added, or more than ten minutes ago
   * @throws {TokenRefused} when the session has ended or the user was deleted
   */
  async confirmTotp(
    principal: Principal,
    authenticatorId: string,
    input: unknown,
    caller: Caller,
  ): Promise<ConfirmedAuthenticator> {
    const reader = new InputReader(input);
    const code = readCode(reader);
    reader.finish();
    const { session } = await this.#requireSession(principal);
    const { sub: userId } = principal;
    return confirmAuthenticator(this.#context, { userId, authenticatorId, code, session, caller });
  }

  /**
   * Removes a factor. With the last one the recovery codes go, and sign-ins ask for no second factor.
   * @throws {RecordNotFound}
   * @throws {ReauthenticationRequired}
   * @throws {TokenRefused} when the session has ended or the user was deleted
   */
  async remove(principal: Principal, factorId: string, caller: Caller): Promise<void> {
    await this.#requireFresh(principal);
    await removeFactor(this.#context, principal.sub, factorId, caller);
  }

  /**
   * Replaces the recovery codes by ten new ones. Earlier ones are refused.
   * @throws {RecordNotFound} when the user has no second factor
   * @throws {ReauthenticationRequired}
   * @throws {TokenRefused} when the session has ended or the user was deleted
   */
  async replaceRecoveryCodes(principal: Principal, caller: Caller): Promise<readonly string[]> {
    await this.#requireFresh(principal);
    return replaceRecoveryCodes(this.#context, principal.sub, caller);
  }

  async #requireFresh(principal: Principal): Promise<LiveSession> {
    const live = await this.#requireSession(principal);
    assertFresh(live.session, findStrongestFactor(live.user), this.#context.clock.now());
    return live;
  }

  async #requireSession({ sub: userId, sid }: Principal): Promise<LiveSession> {
    const live = await findLiveSession(this.#context, sid, this.#context.clock.now());
    if (live?.user.id !== userId) throw await explainGoneSession(this.#context, userId);
    return live;
  }
}
