/** Why a text is not strict JSON. */
export type JsonRefusal =
  | 'syntax'
  | 'too_deep'
  | 'duplicate_member'
  | 'forbidden_member'
  | 'number_too_large'
  | 'unpaired_surrogate';

/**
 * What `parseJson` throws. The caller catches it, and says what it means for a token, a key or a request. The message is a
 * sentence for a person and may name a member.
 */
export class JsonRefused extends Error {
  readonly reason: JsonRefusal;
  /** The name of the member, if the refusal is about one. */
  readonly member: string | undefined;
  constructor(reason: JsonRefusal, message: string, member?: string) {
    super(message);
    this.name = 'JsonRefused';
    this.reason = reason;
    this.member = member;
  }
}
