// The room's socket speaks with other people's WebSocket libraries, too: whole frames and pieces, pings, endings, and what
// breaks the rules (RFC 6455).

import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import WebSocket from "ws";
import { takeSeat } from "../support/seat.ts";
import { expect, test } from "../support/story.ts";

const run = promisify(execFile);
const PYTHON = process.env.FRONTROW_PYTHON ?? "python3";
const VIOLATION = 4503;

type Thing = { type: string } & Record<string, unknown>;

/** A client by npm's `ws`. */
class Line {
  private readonly things: Thing[] = [];
  private constructor(readonly socket: WebSocket) {
    socket.on("message", (frame) => this.things.push(...(JSON.parse(frame.toString()) as Thing[])));
  }

  static async open(address: string, credential: string): Promise<Line> {
    const socket = new WebSocket(address, { perMessageDeflate: true });
    const line = new Line(socket);
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "hello", token: credential }));
    await line.hears("welcome");
    return line;
  }

  async hears(type: string): Promise<Thing> {
    await expect.poll(() => this.things.some((thing) => thing.type === type)).toBe(true);
    return this.things.find((thing) => thing.type === type)!;
  }

  async isClosed(): Promise<number> {
    if (this.socket.readyState === WebSocket.CLOSED) throw new Error("it closed before it was looked at");
    const [code] = (await once(this.socket, "close")) as [number];
    return code;
  }
}

test("npm’s ws says a line in pieces with a ping in between, and closes", async ({ house }) => {
  const { slug } = await house.announce({ stream: null });
  const seat = await takeSeat(house, slug, "Noor");
  const line = await Line.open(seat.address, await seat.credential());
  expect(line.socket.extensions, "no extension is spoken").toBe("");

  const said = JSON.stringify({ type: "send", id: "node-1", text: "Grüße aus Node" });
  line.socket.send(said.slice(0, 10), { fin: false });
  line.socket.ping("are you there");
  line.socket.send(said.slice(10), { fin: true });
  const [pong] = (await once(line.socket, "pong")) as [Buffer];
  expect(pong.toString()).toBe("are you there");
  expect(await line.hears("ack")).toMatchObject({ id: "node-1" });
  expect(await line.hears("message")).toMatchObject({ text: "Grüße aus Node", nickname: "Noor" });

  line.socket.close(1000, "enough");
  expect(await line.isClosed()).toBe(1000);
});

for (const [what, frame, binary] of [
  ["binary", Buffer.from("{}"), true],
  ["over 8 KiB", Buffer.alloc(8_193, "x"), false],
  ["no UTF-8", Buffer.from([0x22, 0xff, 0x22]), false],
] as const) {
  test(`npm’s ws is told why when it sends what is ${what}`, async ({ house }) => {
    const { slug } = await house.announce({ stream: null });
    const seat = await takeSeat(house, slug, "Noor");
    const line = await Line.open(seat.address, await seat.credential());
    line.socket.send(frame, { binary });
    expect(await line.isClosed()).toBe(VIOLATION);
    expect(await line.hears("bye")).toMatchObject({ code: VIOLATION });
  });
}

test("Python’s websockets says a line in pieces, and is told why when it breaks the rules", async ({ house }) => {
  const { slug } = await house.announce({ stream: null });
  const seat = await takeSeat(house, slug, "Noor");
  const credentials = [await seat.credential(), await seat.credential(), await seat.credential()];
  const script = fileURLToPath(new URL("../clients/fan.py", import.meta.url));
  const { stdout } = await run(PYTHON, [script, seat.address, ...credentials], { timeout: 60_000 });
  expect(JSON.parse(stdout)).toEqual({
    chat: { ack: "python-1", text: "Grüße aus 🐍", closed: 1000 },
    binary: { bye: VIOLATION, closed: VIOLATION },
    oversized: { bye: VIOLATION, closed: VIOLATION },
  });
});
