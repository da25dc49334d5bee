/**
 * Schemes whose pages have an origin of their own that the URL standard does not know: those of apps and
 * browser extensions. These have none, and a browser sends `null` for them.
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
/** Schemes whose origins the URL standard knows. A page has one of http or https. */
const NOT_OF_PAGES: ReadonlySet<string> = new Set(['ftp', 'ws', 'wss']);

/** `http` and `https` with letters lost or doubled: a slip must not become an origin that nobody sends. */
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
  // The URL standard writes "null" for the origin of an app.
  return scheme === 'http' || scheme === 'https'
    ? URL.parse(text)?.origin === text
    : URL.canParse(text);
}
