// A content network of a story's own: the HLS fixture, from another origin than the house.

import { readFile } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../fixtures/hls/", import.meta.url);
const TYPES: Record<string, string> = { m3u8: "application/vnd.apple.mpegurl", ts: "video/mp2t" };

export class Cdn {
  /** Everything that was asked for. */
  readonly asked: string[] = [];
  private down = false;

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Cdn> {
    const server = createServer();
    const cdn = new Cdn(server);
    server.on("request", async (request, response) => {
      const name = /^\/(\w+\.(m3u8|ts))$/.exec(request.url ?? "");
      cdn.asked.push(request.url ?? "");
      const body = name && !cdn.down ? await readFile(fileURLToPath(new URL(name[1]!, FOLDER))) : null;
      const headers = { "access-control-allow-origin": "*", "content-type": TYPES[name?.[2] ?? ""] ?? "text/plain" };
      response.writeHead(body ? 200 : 404, headers).end(body ?? "");
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return cdn;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get show(): string {
    return `${this.origin}/show.m3u8`;
  }

  /** From now on nothing is found. */
  breakDown(): void {
    this.down = true;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
