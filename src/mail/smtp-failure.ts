const REASONS: Readonly<Record<string, string>> = {
  EDNS: 'Its name cannot be resolved.',
  ECONNECTION: 'It cannot be reached.',
  ECONNREFUSED: 'It refuses connections.',
  ESOCKET: 'The connection broke.',
  ETIMEDOUT: 'It did not answer in time.',
  ETLS: 'It offers no valid encryption. Check its certificate, or use smtps://.',
  EREQUIRETLS: 'It offers no encryption. Use smtps://, or a server that does.',
  EAUTH: 'It refuses the name and the password of LATCHKEY_MAIL_URL.',
  EENVELOPE: 'It refuses the sender or the recipient.',
  EMESSAGE: 'It refuses the mail.',
  EPROTOCOL: 'It does not answer as a mail server.',
};

/**
 * Says why the mail server did not take a mail. What the server wrote is left out but for its numbers: some servers
 * quote the link that they dislike, and this text is stored.
 */
export function describeSmtpFailure(error: unknown): string {
  const { code, responseCode, response } = Object(error) as Readonly<Record<string, unknown>>;
  const name = typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'unknown';
  const [enhanced = ''] =
    typeof response === 'string'
      ? (/(?<=^\d{3}[ -])[245]\.\d{1,3}\.\d{1,3}\b/.exec(response) ?? [])
      : [];
  const status = typeof responseCode === 'number' ? [String(responseCode), enhanced] : [];
  const details = [name, ...status].filter((it) => it !== '').join(' ');
  return `The mail server did not take the mail (${details}). ${REASONS[name] ?? ''}`.trim();
}
