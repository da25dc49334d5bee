import { type Html, html } from '../../../kernel/encoding/html.ts';
import { renderPage } from '../../http/pages/page.ts';

interface Common {
  readonly appName: string;
  /** What is wrong with what was sent. Default: nothing. */
  readonly problems?: readonly string[];
}

/** Asks for the address of the account. */
export function renderForgotPage(common: Common): string {
  return renderPage({
    ...common,
    title: 'Forgot your password?',
    body: html`<p>Type the email address of your account. We send a mail with a link and a code to it.</p>
<form method="post" action="forgot">
<label>Email address
<input type="email" name="email" autocomplete="email" required autofocus></label>
<button>Send the mail</button>
</form>`,
  });
}

/** Says that a mail may be on its way, and takes the code in it. */
export function renderCodePage({ request, ...common }: Common & { request: string }): string {
  return renderPage({
    ...common,
    title: 'Look into your mailbox',
    body: html`<p>If there is an account with that address, a mail is on its way. Follow the link in it, or type its code here.</p>
<form method="post" action="reset">
<input type="hidden" name="request" value="${request}">
<label>Code
<input name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" placeholder="XXXX-XXXX" required></label>
${passwordField}
<button>Set the new password</button>
</form>
<p>No mail after a few minutes? Look for it among the unwanted mails, or <a href="forgot">ask again</a>.</p>`,
  });
}

/** Where the link of the mail leads. */
export function renderResetPage({
  token,
  maskedEmail,
  ...common
}: Common & { token: string; maskedEmail: string }): string {
  return renderPage({
    ...common,
    title: 'Choose a new password',
    body: html`<p>For the account with the address <b>${maskedEmail}</b>. All devices will be signed out.</p>
<form method="post" action="reset">
<input type="hidden" name="token" value="${token}">
${passwordField}
<button>Set the new password</button>
</form>`,
  });
}

const passwordField: Html = html`<label>New password
<input type="password" name="new_password" autocomplete="new-password" required></label>`;

/** Says that a link or a code is not valid. */
export function renderInvalidPage(common: Common): string {
  return renderPage({
    ...common,
    title: 'This link is not valid',
    body: html`<p>It may have expired or been used. Your password has not been changed by it.</p>
<p><a href="forgot">Ask for another mail</a></p>`,
  });
}

/** Says that the password was changed. */
export function renderDonePage(common: Common): string {
  return renderPage({
    ...common,
    title: 'Your password was changed',
    body: html`<p>All devices were signed out. Sign in with the new password.</p>`,
  });
}

/** Says that the form could not be processed. */
export function renderFailurePage(common: Common): string {
  return renderPage({
    ...common,
    title: 'That did not work',
    body: html`<p>Nothing was changed. <a href="forgot">Start again</a></p>`,
  });
}
