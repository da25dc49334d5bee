/** The characters of one scope name: visible ASCII without `"` and `\`. @see RFC 6749 section 3.3 */
const NAME = '[\\x21\\x23-\\x5b\\x5d-\\x7e]+';
const SCOPE_NAME = new RegExp(`^${NAME}$`);
const SCOPE = new RegExp(`^${NAME}(?: ${NAME})*$`);

/** Whether this is the name of one scope. */
export function isScopeName(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_NAME.test(value);
}

/** Whether a text is a `scope` as tokens and requests carry it: names separated by single spaces. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}
