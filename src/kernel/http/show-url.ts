/** Returns an address for messages: without user, password, query and fragment, any of which may be secret. */
export function showUrl(address: string): string {
  const url = URL.parse(address);
  if (url === null) return 'the address';
  const { username, password, search, hash } = url;
  const isBare = [username, password, search, hash].every((part) => part === '');
  return isBare ? address : `${url.protocol}//${url.host}${url.pathname}`;
}
