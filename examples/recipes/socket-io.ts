// Socket.IO: the client sends its access token as `auth`, and every event is checked again.
import type { Guard } from 'latchkey/guard';
import { Server, type Socket } from 'socket.io';

export function createSocketIo(guard: Guard, port: number): Server {
  const check = async (socket: Socket) => {
    const authorization = `Bearer ${socket.handshake.auth['token']}`;
    socket.data.user = await guard.authenticate({ method: 'GET', headers: { authorization } });
  };
  const io = new Server(port);
  io.use((socket, next) => {
    const refuse = (error: Error & { code?: string }) =>
      next(Object.assign(new Error(error.message), { data: { code: error.code } }));
    check(socket).then(() => next(), refuse);
  });
  io.on('connection', (socket) => {
    // A socket outlives its token. The check is a look-up in memory: repeat it.
    const disconnect = () => socket.disconnect(true);
    socket.use((_event, next) => void check(socket).then(() => next(), disconnect));
    socket.on('say', (text, answer) => answer(`${socket.data.user.username} says ${text}`));
  });
  return io;
}
