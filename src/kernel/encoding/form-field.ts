/**
 * Decodes a name or a value of `application/x-www-form-urlencoded`, where a plus stands for a space.
 * @returns undefined if the text is not valid percent-encoded UTF-8
 * @see https://url.spec.whatwg.org/#urlencoded-parsing
 */
export function decodeFormField(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
