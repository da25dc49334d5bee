import type { MailCatalogue } from './mail-texts.ts';

/** English. */
export const en: MailCatalogue = {
  resetPassword: {
    subject: 'Reset your password for {appName}',
    title: 'Reset your password',
    blocks: [
      'There was a request to reset the password of your account at {appName}. If it was you, choose a new one here. The link works for {linkMinutes} minutes:',
      { button: 'Choose a new password' },
      'Or type this code on the page where you asked for it. It works for {codeMinutes} minutes:',
      { code: true },
      'If it was not you, ignore this mail: your password stays as it is. Do not pass the link or the code on. {appName} will never ask you for them.',
    ],
    footer: 'You get this mail because your address was typed at {appName} to reset a password.',
  },
  passwordWasReset: {
    subject: 'Your password for {appName} was reset',
    title: 'Your password was reset',
    blocks: [
      'The password of your account at {appName} was reset on {at}, with a link or a code that was sent to this address. All devices were signed out.',
      'If it was you, there is nothing to do.',
      'If it was not you, another person can read your mail. Change the password of this mailbox first. Then reset your password for {appName} again.',
    ],
    footer: 'You get this mail because it concerns the security of your account at {appName}.',
  },
};
