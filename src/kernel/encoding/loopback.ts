/** Whether a host, as it is given or as it stands in a URL, is this machine itself and reachable from nowhere else. */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127(\.\d{1,3}){3}$/.test(host);
}
