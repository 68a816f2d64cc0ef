// Members without a page to look at: they take a seat and say lines over their own socket, which stays open from the
// first line on. One of them alone can be a chorus that sends thousands, in a house with `--send-burst 0 --send-rate 0`.

import type { Browser, Page } from "@playwright/test";
import type { House, Role } from "./house.ts";

/** Lines that may be unacknowledged at a time. */
const IN_FLIGHT = 200;

export class Voice {
  private constructor(
    private readonly page: Page,
    private readonly slug: string,
  ) {}

  /** Takes a seat; an artist's pass carries its name, everybody else brings a nickname. */
  static async join(browser: Browser, house: House, slug: string, nickname: string | null, role: Role = "fan"): Promise<Voice> {
    const page = await browser.newPage();
    await page.goto(`${house.origin}/healthz`);
    const code = await house.issueOne(slug, role);
    await page.evaluate(admit, { slug, code, nickname });
    return new Voice(page, slug);
  }

  /** Sends the lines and returns when all are acknowledged. */
  async say(...lines: string[]): Promise<void> {
    await this.page.evaluate(send, { slug: this.slug, lines, inFlight: IN_FLIGHT });
  }

  async leave(): Promise<void> {
    await this.page.close();
  }
}

interface Admit {
  slug: string;
  code: string;
  nickname: string | null;
}

/** In the page: take a seat, and wait until the account behind the ticket is there. */
export async function admit({ slug, code, nickname }: Admit): Promise<void> {
  const call = (method: string, path: string, body?: unknown) =>
    fetch(`/api/events/${slug}/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
    });
  const admitted = await call("POST", "admission", { ticket: code });
  if (!admitted.ok) throw new Error(`admission: ${admitted.status}`);
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = nickname ? await call("PUT", "nickname", { nickname }) : await call("POST", "credentials");
    if (answer.ok) return;
    if (answer.status !== 503) throw new Error(`${answer.status}: ${await answer.text()}`);
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error("the account was never made");
}

interface Send {
  slug: string;
  lines: string[];
  inFlight: number;
}

/** In the page: one socket, a window of unacknowledged lines. */
async function send({ slug, lines, inFlight }: Send): Promise<void> {
  const kept = globalThis as { socket?: WebSocket };
  kept.socket ??= await connect();
  const socket = kept.socket;
  const run = crypto.randomUUID();
  let sent = 0;
  let acknowledged = 0;
  const more = () => {
    for (; sent < lines.length && sent - acknowledged < inFlight; sent += 1) {
      socket.send(JSON.stringify({ type: "send", id: `${run}-${sent}`, text: lines[sent] }));
    }
  };
  await new Promise<void>((done, failed) => {
    socket.onclose = (event) => failed(new Error(`closed: ${event.code} ${event.reason}`));
    socket.onmessage = ({ data }) => {
      for (const object of JSON.parse(data as string) as { type: string }[]) {
        if (object.type === "ack") acknowledged += 1;
        if (object.type === "refused") failed(new Error(JSON.stringify(object)));
      }
      if (acknowledged === lines.length) done();
      else more();
    };
    more();
  });

  async function connect(): Promise<WebSocket> {
    const answer = await fetch(`/api/events/${slug}/credentials`, { method: "POST" });
    if (!answer.ok) throw new Error(`credentials: ${answer.status}`);
    const { token, socket: path } = (await answer.json()) as { token: string; socket: string };
    const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
    return new Promise((welcomed, failed) => {
      socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token }));
      socket.onclose = (event) => failed(new Error(`closed: ${event.code} ${event.reason}`));
      socket.onmessage = () => welcomed(socket);
    });
  }
}
