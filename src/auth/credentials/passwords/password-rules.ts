import { type InputProblem, InvalidInput } from '../../../kernel/errors.ts';
import { countCharacters, type InputReader } from '../../input.ts';
import type { User } from '../../model.ts';
import { foldCase } from '../../users/identifiers.ts';
import { isCommonPassword } from './common-passwords.ts';
import { preparePassword } from './prepare-password.ts';

/** The bounds of new passwords, in characters. */
export interface PasswordLengths {
  readonly passwordMinLength: number;
  readonly passwordMaxLength: number;
}

/** Whose password it is, and for which app: what an attacker would try first. */
export interface PasswordContext {
  readonly user: Pick<User, 'username' | 'email' | 'name'>;
  readonly appName: string;
}

/** Characters in a row that a password may not have in common with a name. */
const PART_LENGTH = 4;

/**
 * Reads a new password and checks its length. A character is a code point of the password as it is hashed. There are
 * no rules about kinds of characters.
 * @see NIST SP 800-63B-4 section 3.1.1.2
 */
export function readNewPassword(
  reader: InputReader,
  field: string,
  { passwordMinLength: min, passwordMaxLength: max }: PasswordLengths,
): string {
  const password = reader.string(field, { max }, { tooLong: 'password_too_long' });
  if (password !== '' && countCharacters(preparePassword(password)) < min) {
    const problem = `"${field}" must have at least ${min} characters.`;
    reader.problem(field, problem, 'password_too_short');
  }
  return password;
}

/**
 * Checks a password that a person chose.
 * @throws {InvalidInput} naming all that is wrong: it is a common one, or has a part of a name
 */
export async function assertChosenPassword(
  password: string,
  field: string,
  context: PasswordContext,
): Promise<void> {
  const problems = await findWeaknesses(password, field, context);
  if (problems.length > 0) throw new InvalidInput(problems);
}

/** Finds why a password is easy to guess. The sentences quote no part of it. */
export async function findWeaknesses(
  password: string,
  field: string,
  { user, appName }: PasswordContext,
): Promise<readonly InputProblem[]> {
  const folded = foldCase(password);
  const problems: InputProblem[] = [];
  const refuse = (code: string, problem: string) =>
    problems.push({ field, problem: `"${field}" ${problem}`, code });
  if (await isCommonPassword(folded)) {
    refuse(
      'password_common',
      'is a common password, which attackers try first. Choose another, such as a few words that have nothing to do with each other.',
    );
  }
  const named = [
    ['username', user.username],
    ['email address', user.email?.slice(0, user.email.lastIndexOf('@'))],
    ['name', user.name],
  ].find(([, text]) => text && sharesPart(folded, text));
  if (named !== undefined) {
    refuse('password_contains_name', `${HAS_PART} your ${named[0]}. ${LEAVE_OUT}`);
  }
  if (sharesPart(folded, appName)) {
    const problem = `${HAS_PART} the name of this app, ${appName}. ${LEAVE_OUT}`;
    refuse('password_contains_app_name', problem);
  }
  return problems;
}

const HAS_PART = `has ${PART_LENGTH} or more characters in a row from`;
const LEAVE_OUT = 'Choose one without them.';

/** Whether a password has as many characters in a row from a name as make a part, whatever their case. */
function sharesPart(folded: string, name: string): boolean {
  const letters = [...foldCase(name).replace(/[^\p{L}\p{M}\p{N}]/gu, '')];
  for (let at = 0; at + PART_LENGTH <= letters.length; at++) {
    if (folded.includes(letters.slice(at, at + PART_LENGTH).join(''))) return true;
  }
  return false;
}
