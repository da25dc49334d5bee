import type { FetchOptions } from '../../kernel/http/fetch-document.ts';
import { chooseFeedConnection } from '../feed/choose-feed-connection.ts';
import { RevocationWatch } from '../feed/revocation-watch.ts';
import type { IssuerGuardOptions } from '../guard-options.ts';
import type { CommonGuardParts } from '../guard-parts.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { assertRevocationOptions } from './issuer-option-values.ts';

/**
 * Creates the watch over an issuer's revocations; undefined without the option `revocations`.
 * @throws {InvalidSetting}
 */
export function createRevocationWatch(wanted: {
  options: IssuerGuardOptions;
  parts: CommonGuardParts;
  source: IssuerKeys;
  fetching: Omit<FetchOptions, 'signal'>;
  onChange: () => void;
  onKeys: (kids: readonly string[] | undefined) => void;
}): RevocationWatch | undefined {
  const { options, parts, source, fetching, onChange, onKeys } = wanted;
  const { issuer, revocations } = options;
  if (revocations === undefined) return undefined;
  const { credential, maxStaleness = 60, onStale = 'accept', url, introspectionUrl } = revocations;
  assertRevocationOptions(revocations, fetching.allowHttp);
  const find = (member: string, path: string) => {
    const named = source.metadata[member];
    return typeof named === 'string' ? named : issuer.replace(/\/$/, '') + path;
  };
  return new RevocationWatch({
    index: parts.revocations,
    clock: parts.clock,
    credential,
    maxStalenessMs: maxStaleness * 1000,
    onStale,
    fetching,
    connect: chooseFeedConnection(options.fetch),
    onChange,
    onKeys,
    async locate() {
      await source.firstAttempt;
      return url ?? find('revocation_feed_endpoint', '/auth/revocations');
    },
    locateIntrospection: () =>
      introspectionUrl ?? find('introspection_endpoint', '/auth/introspect'),
  });
}
