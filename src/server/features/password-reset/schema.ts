import { email, NoContent, password, refusals } from '../../http/schema/common.ts';
import { either, named, object, string } from '../../http/schema/json-schema.ts';

export const forgotSchema = {
  summary: 'Ask to reset a password',
  description:
    'Sends a mail with a link and a code to the address, if an account has it. The answer and its time are the same if none has. One mail a minute and eight a day are sent to an address for each network that asks; beyond that the answer is the same as well.',
  tags: ['Sign in'],
  body: named('ForgottenPassword', object({ email }, { additionalProperties: false })),
  response: {
    202: named(
      'ResetRequest',
      object(
        {
          request: string({
            format: 'uuid',
            description: 'Keep it: the code in the mail works only together with it.',
          }),
        },
        { description: 'A mail is sent if there is such an account.' },
      ),
    ),
    ...refusals(400, 413, 415),
  },
};

export const resetSchema = {
  summary: 'Reset a password',
  description:
    'Sets a new password with the token of the mailed link, which works for 30 minutes, or with the mailed code, which works for 10 minutes and at most five tries. All sessions of the user end. 400 for a password that is refused leaves the link as it was.',
  tags: ['Sign in'],
  body: either([
    named(
      'ResetByLink',
      object({ token: string(), new_password: password }, { additionalProperties: false }),
    ),
    named(
      'ResetByCode',
      object(
        {
          request: string({ format: 'uuid' }),
          code: string({ examples: ['7QXK-2MRD'] }),
          new_password: password,
        },
        { additionalProperties: false },
      ),
    ),
  ]),
  response: { 204: NoContent, ...refusals(400, 401, 413, 415) },
};
