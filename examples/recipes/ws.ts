// WebSockets with the package ws: one check at the handshake, and one for each message.
import { createServer, type Server } from 'node:http';
import { errorResponse, type Guard } from 'latchkey/guard';
import { WebSocketServer } from 'ws';

export function createSocketServer(guard: Guard): Server {
  const sockets = new WebSocketServer({ noServer: true });
  return createServer().on('upgrade', async (request, connection, head) => {
    // A socket outlives its token. The check is a look-up in memory: repeat it for each message.
    const check = async () => guard.authenticate(request);
    try {
      await check();
    } catch (error) {
      return void connection.end(`HTTP/1.1 ${errorResponse(error).status} Refused\r\n\r\n`);
    }
    sockets.handleUpgrade(request, connection, head, (socket) => {
      socket.on('message', (data) => {
        check().then(
          (user) => socket.send(`${user.username} says ${data}`),
          () => socket.close(4401, 'Refresh the token and connect again.'),
        );
      });
    });
  });
}
