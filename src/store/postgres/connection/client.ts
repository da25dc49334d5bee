import pg from 'pg';

/** How long the server may take to close a connection that we have ended. */
const CLOSE_LIMIT_MS = 1_000;

type OnConnect = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

/**
 * The driver's client, but one that always releases its socket. The driver's own waits without limit until the server
 * closes an ended connection. It also keeps the socket of a failed attempt to connect if the server had answered.
 * Either keeps the process alive.
 */
export class PostgresClient extends pg.Client {
  override connect(): Promise<pg.Client>;
  override connect(onConnect: OnConnect): void;
  override connect(onConnect?: OnConnect): Promise<pg.Client> | undefined {
    const connected = new Promise<pg.Client>((resolve, reject) => {
      super.connect((error: Error | null) => {
        if (error === null || error === undefined) return resolve(this);
        this.abort();
        reject(error);
      });
    });
    if (onConnect === undefined) return connected;
    const call = onConnect as (error: Error | null, client?: pg.Client) => void;
    connected.then(
      () => call(null, this),
      (error) => call(error),
    );
    return undefined;
  }

  override end(): Promise<void>;
  override end(onEnd: (error: Error) => void): void;
  override end(onEnd?: (error: Error) => void): Promise<void> | undefined {
    const timer = setTimeout(() => this.abort(), CLOSE_LIMIT_MS);
    const ended = super.end().finally(() => clearTimeout(timer));
    if (onEnd === undefined) return ended;
    const call = onEnd as () => void;
    ended.then(call);
    return undefined;
  }

  /** Closes the connection without telling the server. Queries in flight fail. */
  abort(): void {
    this.connection.stream.destroy();
  }
}
