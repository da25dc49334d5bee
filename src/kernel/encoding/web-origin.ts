/**
 * Schemes whose pages have no origin: a browser sends `Origin: null` for them. All other schemes that the URL standard
 * does not define may be those of apps and browser extensions, whose pages have one.
 */
const WITHOUT_ORIGIN: ReadonlySet<string> = new Set([
  'about',
  'blob',
  'data',
  'file',
  'filesystem',
  'javascript',
  'mailto',
  'urn',
  'view-source',
]);
/** Schemes for which the URL standard defines origins, and which no page has. */
const NOT_OF_PAGES: ReadonlySet<string> = new Set(['ftp', 'ws', 'wss']);

/** `http` and `https` with letters lost or doubled. They must not pass as the scheme of an app. */
const SLIP = /^(?!https?$)h{0,2}t{0,3}p{0,2}s{0,2}$/;

const FORM = /^([a-z][a-z0-9+.-]*):\/\/([A-Za-z0-9._~-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/;

/**
 * Whether a text is an origin exactly as browsers write it in `Origin`: that of a web page
 * (`https://app.example`), of an app (`capacitor://localhost`, `tauri://localhost`, `app://-`), or of a browser
 * extension (`chrome-extension://…`). Origins are compared byte by byte, so each has one spelling.
 */
export function isOrigin(text: string): boolean {
  const [, scheme] = FORM.exec(text) ?? [];
  if (scheme === undefined || SLIP.test(scheme)) return false;
  if (WITHOUT_ORIGIN.has(scheme) || NOT_OF_PAGES.has(scheme)) return false;
  // For the scheme of an app, `URL.origin` is "null".
  return scheme === 'http' || scheme === 'https'
    ? URL.parse(text)?.origin === text
    : URL.canParse(text);
}
