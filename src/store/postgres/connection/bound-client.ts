import pg from 'pg';
import { PostgresClient } from './client.ts';

/** Methods that the driver calls when the server asks for authentication. Its types leave them out. */
interface Authentication {
  _handleAuthSASL(message: { readonly mechanisms: readonly string[] }): void;
  _handleAuthSASLFinal(message: unknown): void;
}
const driver = pg.Client.prototype as unknown as Authentication;

/** The server did not prove that it is the other end of the encrypted connection. */
export class ChannelNotBound extends Error {}

/**
 * A client for `channel_binding=require`: both sides prove in SCRAM that they see the same TLS connection.
 * Stops the attack of a server in the middle that asks for the password in a weaker way, or for no password.
 */
export class BoundClient extends PostgresClient implements Authentication {
  #isBound = false;

  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.connection.on('authenticationOk', () => {
      if (!this.#isBound) this.#refuse();
    });
  }

  _handleAuthSASL(message: { readonly mechanisms: readonly string[] }): void {
    if (message.mechanisms.includes('SCRAM-SHA-256-PLUS'))
      driver._handleAuthSASL.call(this, message);
    else this.#refuse();
  }

  _handleAuthSASLFinal(message: unknown): void {
    let failed = false;
    const fail = () => {
      failed = true;
    };
    // The driver emits this event during the call if the server's signature is wrong.
    this.connection.on('error', fail);
    driver._handleAuthSASLFinal.call(this, message);
    this.connection.removeListener('error', fail);
    this.#isBound = !failed;
  }

  _handleAuthCleartextPassword(): void {
    this.#refuse();
  }

  _handleAuthMD5Password(): void {
    this.#refuse();
  }

  #refuse(): void {
    this.connection.emit('error', new ChannelNotBound('The server did not bind the channel.'));
    this.abort();
  }
}
