// socket.io at its best: WebSocket alone, no compression, one packet encoded for everybody.
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const server = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  // A busy room is sign of life enough; the default would add to what is measured.
  pingInterval: 300_000,
  pingTimeout: 300_000,
});

server.on("connection", (socket) => {
  // The request that came with it is not needed any more: the documented way to save memory.
  socket.conn.request = null;
  socket.on("m", (data) => server.emit("m", data));
});

http.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
