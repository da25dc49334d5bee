/** What the client of the crash harness knows of its users, from the answers that it got. */

/** A sign-in, and what must be so after a crash: it lives, it has ended, or either is possible. */
export interface KnownSession {
  access: string;
  refresh: string;
  state: 'live' | 'ended' | 'unsure';
}

export interface Account {
  readonly username: string;
  /** One, or two where the answer to a change was lost. */
  passwords: string[];
  /** What used to be the password, and must not be any more. */
  formerPasswords: string[];
  sessions: KnownSession[];
  /** Whether something was done since the last look. */
  isTouched: boolean;
}

export interface Answer {
  readonly status: number;
  readonly access: string;
  readonly refresh: string;
}

/** Calls a server. Undefined: no answer came, so the call may have been carried out or not. */
export class Api {
  readonly #url: string;
  readonly #onAnswer: () => void;

  /** `onAnswer`: called as soon as an answer is there. */
  constructor(url: string, onAnswer: () => void = () => {}) {
    this.#url = url;
    this.#onAnswer = onAnswer;
  }

  async send(path: string, body?: unknown, token?: string): Promise<Answer | undefined> {
    const headers = new Headers();
    if (body !== undefined) headers.set('content-type', 'application/json');
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    const method = path === '/auth/me' ? 'GET' : 'POST';
    try {
      const response = await fetch(this.#url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      this.#onAnswer();
      const text = await response.text();
      const answer: Record<string, unknown> = text === '' ? {} : JSON.parse(text);
      return {
        status: response.status,
        access: String(answer['access_token']),
        refresh: String(answer['refresh_token']),
      };
    } catch {
      return undefined;
    }
  }
}

type Sender = Pick<Api, 'send'>;

let made = 0;
const chance = (share: number) => Math.random() < share;

/** A user that belongs to one test client. No other client touches it, so its expected state is certain. */
export class Client {
  readonly #accounts: Account[] = [];
  /** Answers that no server may give. */
  readonly wrong: string[] = [];

  get accounts(): readonly Account[] {
    return this.#accounts;
  }

  /** Goes on until no answer comes. */
  async act(api: Sender): Promise<void> {
    while (await this.#actOnce(api));
  }

  async #actOnce(api: Sender): Promise<boolean> {
    const account = this.#accounts.at(-1 - Math.floor(Math.random() * 3));
    const session = account?.sessions.findLast((it) => it.state === 'live');
    if (account === undefined || session === undefined || chance(0.08)) return this.#register(api);
    account.isTouched = true;
    if (chance(0.75)) return this.#refresh(api, session);
    if (chance(0.4)) return this.#logout(api, session);
    return this.#changePassword(api, account, session);
  }

  async #register(api: Sender): Promise<boolean> {
    made += 1;
    const username = `user-${made}`;
    const password = `the password ${made}`;
    const answer = await api.send('/auth/register', { username, password });
    if (!this.#isExpected('register', answer, 201)) return false;
    const { access, refresh } = answer;
    this.#accounts.push({
      username,
      passwords: [password],
      formerPasswords: [],
      sessions: [{ access, refresh, state: 'live' }],
      isTouched: true,
    });
    return true;
  }

  async #refresh(api: Sender, session: KnownSession): Promise<boolean> {
    const answer = await api.send('/auth/refresh', { refresh_token: session.refresh });
    if (!this.#isExpected('refresh', answer, 200)) {
      session.state = 'unsure';
      return false;
    }
    const { access, refresh } = answer;
    Object.assign(session, { access, refresh });
    return true;
  }

  async #logout(api: Sender, session: KnownSession): Promise<boolean> {
    const answer = await api.send('/auth/logout', undefined, session.access);
    const isDone = this.#isExpected('logout', answer, 204);
    session.state = isDone ? 'ended' : 'unsure';
    return isDone;
  }

  async #changePassword(api: Sender, account: Account, session: KnownSession): Promise<boolean> {
    const [current_password = ''] = account.passwords;
    const login = { username: account.username, password: current_password };
    // A second sign-in, so that the change has something to end.
    const second = await api.send('/auth/login', login);
    if (!this.#isExpected('login', second, 200)) return false;
    const other: KnownSession = { access: second.access, refresh: second.refresh, state: 'live' };
    account.sessions.push(other);
    made += 1;
    const new_password = `the password ${made}`;
    const body = { current_password, new_password };
    const answer = await api.send('/auth/password', body, session.access);
    const isDone = this.#isExpected('password', answer, 200);
    for (const it of account.sessions) {
      if (it !== session && it.state === 'live') it.state = isDone ? 'ended' : 'unsure';
    }
    if (isDone) {
      Object.assign(session, { access: answer.access, refresh: answer.refresh });
      account.formerPasswords.push(current_password);
    } else {
      // Changed or not: with the old tokens or with new ones that were not heard of.
      session.state = 'unsure';
    }
    account.passwords = isDone ? [new_password] : [current_password, new_password];
    return isDone;
  }

  #isExpected(what: string, answer: Answer | undefined, status: number): answer is Answer {
    if (answer === undefined) return false;
    if (answer.status === status) return true;
    this.wrong.push(`${what} was answered ${answer.status}`);
    return false;
  }
}
