/**
 * Headers of responses that browsers must not render, store, sniff or frame. The documentation page has headers of its
 * own.
 * @see OWASP REST Security Cheat Sheet, "Security headers"
 */
export const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;
