import { FetchFailed, wrongSetUp } from '../../kernel/http/fetch-document.ts';
import { showUrl } from '../../kernel/http/show-url.ts';

/** Explains to the operator of the guard why a response is not a feed of revocations. */
export function explainRefusal(url: string, status: number): FetchFailed {
  const shown = showUrl(url);
  if (status === 401 || status === 403) {
    return wrongSetUp(
      `${shown} does not know the key of this guard (status ${status}). Make one with \`latchkey clients create ` +
        'NAME --kind guard` and give it as revocations.credential.',
    );
  }
  if (status === 404) {
    return wrongSetUp(
      `${shown} is not a feed of revocations (status 404). Correct revocations.url.`,
    );
  }
  if (status === 0 || (status >= 300 && status < 400)) {
    return wrongSetUp(
      `${shown} redirects, which is not followed: the key must not go to another address. Give the final address as ` +
        'revocations.url.',
    );
  }
  // Status 200 with another content type comes from a web page or another program.
  return new FetchFailed(`${shown} answers with status ${status}, and not with a feed.`, {
    status,
    isSetUpWrong: status === 200,
  });
}
