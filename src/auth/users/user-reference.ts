/** Names one user: by the id, the username, or the email address. */
export type UserReference =
  | { readonly id: string }
  | { readonly username: string }
  | { readonly email: string };
