import type { Account, Api, KnownSession } from './accounts.ts';

/**
 * Compares a restarted server with what it acknowledged before, and brings what is known up to date.
 * @returns what was lost, or lives again
 */
export async function checkAccount(api: Api, account: Account): Promise<string[]> {
  const losses: string[] = [];
  const isStatus = async (what: string, status: number, sent: ReturnType<Api['send']>) => {
    const answer = await sent;
    if (answer?.status !== status) {
      losses.push(`${account.username}: ${what} was answered ${answer?.status}, not ${status}`);
    }
    return answer;
  };
  const isEnded = async ({ access, refresh }: KnownSession) => {
    await isStatus(
      'the access token of an ended session',
      401,
      api.send('/auth/me', undefined, access),
    );
    const refreshing = api.send('/auth/refresh', { refresh_token: refresh });
    await isStatus('the refresh token of an ended session', 401, refreshing);
  };

  for (const session of account.sessions) {
    if (session.state === 'ended') await isEnded(session);
    if (session.state === 'live') {
      const asking = api.send('/auth/me', undefined, session.access);
      await isStatus('the access token of a live session', 200, asking);
    }
    if (session.state !== 'ended') {
      const refreshing = api.send('/auth/refresh', { refresh_token: session.refresh });
      const answer =
        session.state === 'live'
          ? await isStatus('the newest refresh token of a live session', 200, refreshing)
          : await refreshing;
      if (answer?.status === 200) {
        Object.assign(session, { access: answer.access, refresh: answer.refresh, state: 'live' });
      }
    }
  }
  // Sessions that are still unsure have ended, or went on with a token that never reached us.
  account.sessions = account.sessions.filter((it) => it.state !== 'unsure');

  const login = (password: string) =>
    api.send('/auth/login', { username: account.username, password });
  if (account.passwords.length > 1) {
    const [first = ''] = account.passwords;
    const isFirst = (await login(first))?.status === 200;
    account.passwords = account.passwords.filter((it) => (it === first) === isFirst);
  }
  const [password = ''] = account.passwords;
  const former = account.formerPasswords.pop();
  if (former !== undefined) {
    await isStatus('a former password', 401, login(former));
    await isStatus('the new password', 200, login(password));
  }
  account.isTouched = false;
  return losses;
}
