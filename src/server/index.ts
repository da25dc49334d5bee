/**
 * `latchkey/server`: Latchkey as a Fastify plugin, and the standalone server made of it.
 *
 * - {@link latchkey}: register it on a Fastify app of your own.
 * - {@link serve}: run such an app as a program.
 * - {@link createApp}: the whole server of `latchkey serve`, for your own code to start.
 * - {@link openLatchkey}: users, sessions and tokens without HTTP, for scripts and jobs.
 */

export type { FoundUsers, UserQuery } from '../auth/administration/user-list.ts';
export type { AuditPage, AuditQuery, AuditTrail } from '../auth/audit/audit-trail.ts';
export type { Caller } from '../auth/audit/caller.ts';
export type {
  AuditActor,
  AuditActorKind,
  AuditChange,
  AuditChanges,
  AuditEvent,
  AuditEventType,
  AuditOutcome,
  AuditReason,
  AuditSubject,
  AuditSubjectKind,
} from '../auth/audit/event.ts';
export type { AuditEventFilter } from '../auth/audit/event-filter.ts';
export type { EventFollower } from '../auth/audit/event-follower.ts';
export type { OwnEvent, OwnEventActor, OwnEventPage } from '../auth/audit/own-events.ts';
export type { ClientKey } from '../auth/clients/client-key.ts';
export type { AuthenticatedClient, ClientCredentials, Clients } from '../auth/clients/clients.ts';
export type { PasswordChangeInput } from '../auth/credentials/change-password.ts';
export type { PasswordReset } from '../auth/credentials/password-reset/password-reset.ts';
export type { ForgottenPasswordInput } from '../auth/credentials/password-reset/request-reset.ts';
export type { PasswordResetInput } from '../auth/credentials/password-reset/reset-password.ts';
export type { ResetSubject } from '../auth/credentials/password-reset/reset-subject.ts';
export type { RequiredPasswordChangeInput } from '../auth/credentials/required-password-change.ts';
export type { SecondFactorInput } from '../auth/credentials/second-factors/challenge.ts';
export type {
  FactorMethod,
  PresentedFactor,
} from '../auth/credentials/second-factors/check-factor.ts';
export type {
  BeforeRegisterHook,
  BeforeSignInHook,
  OnEventHook,
  RegistrationInput,
} from '../auth/hooks/host-hooks.ts';
export type { ThrottledName, ThrottledPage, Throttling } from '../auth/limits/throttled.ts';
export type { MailPurpose } from '../auth/mail/mail-purposes.ts';
export type {
  CommonMailData,
  MailAddress,
  MailContent,
  MailData,
  MailLinks,
  MailMessage,
  MailTemplates,
  SendMail,
} from '../auth/mail/message.ts';
export type { Client, ClientKind, Session, User } from '../auth/model.ts';
export type { Notice } from '../auth/notice.ts';
export type { LiveRefreshToken } from '../auth/oauth/find-refresh-token.ts';
export type { Page } from '../auth/page.ts';
export type { SessionPage } from '../auth/sessions/account.ts';
export type { LoginInput } from '../auth/sessions/login-input.ts';
export type { Principal } from '../auth/sessions/principal.ts';
export type { ReauthenticationInput } from '../auth/sessions/reauthentication/reauthenticate.ts';
export {
  isChallenge,
  type PasswordChangeChallenge,
  type SecondFactorChallenge,
  type SignInChallenge,
  type SignInResult,
} from '../auth/sessions/sign-in-result.ts';
export type { IssuedTokens } from '../auth/sessions/tokens/issued-tokens.ts';
export type { TokenLimits } from '../auth/sessions/tokens/token-limits.ts';
export type { ClaimsHook, KeyRotation, LimitSettings, ScopesHook } from '../auth/settings.ts';
export type { FieldRule, FieldRules } from '../auth/users/custom-fields.ts';
export type { CreateUserInput, NewUserInput } from '../auth/users/new-user.ts';
export type { AccountChanges } from '../auth/users/own-account.ts';
export type { PermissionMap } from '../auth/users/permissions.ts';
export type { UserReference } from '../auth/users/user-reference.ts';
export type { UserPage, Users } from '../auth/users/users.ts';
export { databaseUrlFrom } from '../config/database-env.ts';
export type { SettingName } from '../config/setting-table.ts';
export type { SettingOptions } from '../config/settings.ts';
export {
  findUser,
  type RequireUser,
  type RequireUserHook,
} from '../guard/adapters/fastify/require-user.ts';
export type { UserDecorations, UserName, UserOf } from '../guard/adapters/user-decorations.ts';
export type { AccessRequirements, GuestRequirements } from '../guard/request/authorize.ts';
export type { CookieNames, ResolvedCookieNames } from '../guard/request/cookie-names.ts';
export type { TokenCookies } from '../guard/request/token-cookies.ts';
export type { VerifiedToken } from '../guard/verify/access-claims.ts';
export type {
  AuthenticatedUser,
  CustomClaims,
  KnownPermissions,
  Permission,
} from '../guard/verify/authenticated-user.ts';
export type { AccessTokenClaims } from '../jwt/access-token.ts';
export type { Algorithm } from '../jwt/algorithms.ts';
export type { Claims } from '../jwt/claims.ts';
export type { JsonWebKey, KeyMaterial } from '../jwt/keys/key-material.ts';
export type { Clock } from '../kernel/clock.ts';
export * from '../kernel/errors.ts';
export type { Random } from '../kernel/random.ts';
export type {
  BackgroundReport,
  BackgroundTask,
  OnBackgroundReport,
} from '../system/background-report.ts';
export type { OpenTerms } from '../system/latchkey.ts';
export type { HashingOptions, LatchkeyOptions, LimitOptions } from '../system/options.ts';
export { deriveSecretFrom } from '../system/signing-key.ts';
export { type AppOptions, createApp, type StandaloneApp } from './app.ts';
export type { RouteName, RoutePaths } from './features/features.ts';
export type { HostAuth, HostSettings, LatchkeyApi, LatchkeyDecorator } from './host-api.ts';
export type {
  AnswerShape,
  AnswerTransport,
  RouteAnswers,
  SignInAnswer,
} from './http/answers.ts';
export type { AuthCookies, OwnTokenTest } from './http/auth-cookies.ts';
export type { CorsOptions } from './http/cors.ts';
export type { DetailCode, ErrorDetails } from './http/errors/error-details.ts';
export { requireTokens } from './http/token-response.ts';
export type { TokenAnswer } from './http/views.ts';
export { type OpenedLatchkey, openLatchkey } from './open-latchkey.ts';
export type { AdminOptions, LatchkeyPluginOptions, ServerOptions } from './options.ts';
export { latchkey } from './plugin.ts';
export { type ServeOptions, serve } from './serve.ts';
