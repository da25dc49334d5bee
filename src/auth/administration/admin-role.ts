/** The role of administrators in the standalone server, and for the command line. */
export const ADMIN_ROLE = 'admin';
