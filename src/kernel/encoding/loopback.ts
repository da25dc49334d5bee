/** Whether a host, with or without the brackets that IPv6 addresses have in URLs, is this machine's loopback. */
export function isLoopback(host: string): boolean {
  return ['localhost', '::1', '[::1]'].includes(host) || /^127(\.\d{1,3}){3}$/.test(host);
}
