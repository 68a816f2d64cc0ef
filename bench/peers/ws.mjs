// ws at its best: no compression, no tracking it does not need, one frame made for everybody.
import { Sender, WebSocketServer } from "ws";

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2]),
  backlog: 4096,
  perMessageDeflate: false,
  skipUTF8Validation: true,
});

server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data) => {
    const frame = Buffer.concat(Sender.frame(data, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: false }));
    for (const client of server.clients) client._socket.write(frame);
  });
});
