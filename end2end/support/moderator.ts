// A moderator without a page to look at: acts over a raw socket and waits for each answer, as any client of the contract
// could.

import type { Browser, Page } from "@playwright/test";
import type { House } from "./house.ts";
import { admit } from "./voice.ts";

/** How long to wait before the newest page is asked for again, in milliseconds. */
const ASK_EVERY = 100;

/** What the server said to an act: where it is in the log, if it is. */
export interface Done {
  seq: number | null;
}

interface Line {
  seq: number;
  text: string;
  member: string;
  nickname: string;
}

type Frame = { type: string } & Record<string, unknown>;

interface Desk {
  socket: WebSocket;
  heard: Frame[];
}

export class Moderator {
  private constructor(
    private readonly page: Page,
    private readonly slug: string,
  ) {}

  /** Takes a seat with a pass, and opens a socket. */
  static async join(browser: Browser, house: House, slug: string, nickname = "Mo"): Promise<Moderator> {
    const page = await browser.newPage();
    await page.goto(`${house.origin}/healthz`);
    const code = await house.issueOne(slug, "moderator");
    await page.evaluate(admit, { slug, code, nickname });
    await page.evaluate(sitDown, slug);
    return new Moderator(page, slug);
  }

  /** Does something, and returns when it is committed. */
  async act(type: string, fields: object = {}): Promise<Done> {
    return this.page.evaluate(perform, { type, ...fields });
  }

  async hide(text: string): Promise<Done> {
    return this.act("hide", { target: (await this.line(text)).seq });
  }

  async unhide(text: string): Promise<Done> {
    return this.act("unhide", { target: (await this.line(text)).seq });
  }

  /** Acts about the member who said this line, or said something under this nickname. */
  async actOn(type: string, who: string, fields: object = {}): Promise<Done> {
    return this.act(type, { member: (await this.line(who)).member, ...fields });
  }

  /** The newest line with this text or of this nickname, as the staff reads it, once it is committed. */
  async line(key: string): Promise<Line> {
    const said = await this.page.waitForFunction(
      async ({ slug, key }) => {
        const answer = await fetch(`/api/events/${slug}/messages?limit=50`);
        const { messages } = (await answer.json()) as { messages: Line[] };
        return messages.reverse().find(({ text, nickname }) => text === key || nickname === key);
      },
      { slug: this.slug, key },
      { polling: ASK_EVERY },
    );
    return (await said.jsonValue()) as Line;
  }

  /** What the staff was told of this type, once there is something of it. */
  async hears(type: string): Promise<Frame> {
    const told = await this.page.waitForFunction((type) => (globalThis as unknown as { desk: Desk }).desk.heard.find((frame) => frame.type === type), type);
    return (await told.jsonValue()) as Frame;
  }

  /** Adds a rule to the word list. */
  async forbid(pattern: string, action: "hold" | "refuse" | "mute", more: object = {}): Promise<void> {
    await this.page.evaluate(
      async ({ slug, rule }) => {
        const headers = { "content-type": "application/json" };
        const answer = await fetch(`/api/events/${slug}/moderation/words`, { method: "POST", headers, body: JSON.stringify(rule) });
        if (!answer.ok) throw new Error(`words: ${answer.status} ${await answer.text()}`);
      },
      { slug: this.slug, rule: { pattern, matching: "word", action, ...more } },
    );
  }

  async leave(): Promise<void> {
    await this.page.close();
  }
}

/** In the page: opens the socket that stays, and notes what comes. */
export async function sitDown(slug: string): Promise<void> {
  const answer = await fetch(`/api/events/${slug}/credentials`, { method: "POST" });
  const { token, socket: path } = (await answer.json()) as { token: string; socket: string };
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")));
  const heard: Frame[] = [];
  Object.assign(globalThis, { desk: { socket, heard } });
  await new Promise<void>((welcomed, failed) => {
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token }));
    socket.onclose = ({ code }) => failed(new Error(`closed: ${code}`));
    socket.onmessage = ({ data }) => {
      heard.push(...(JSON.parse(data as string) as Frame[]));
      welcomed();
    };
  });
}

/** In the page: sends an act with a fresh id and waits for what becomes of it. */
export async function perform(act: object): Promise<{ seq: number | null }> {
  const { socket } = (globalThis as unknown as { desk: Desk }).desk;
  const id = crypto.randomUUID();
  return new Promise((done, failed) => {
    const listen = ({ data }: MessageEvent) => {
      for (const frame of JSON.parse(data as string) as Frame[]) {
        if (frame.id !== id || frame.type === "message") continue; // an own line carries its id too
        socket.removeEventListener("message", listen);
        if (frame.type === "ack") done({ seq: frame.seq as number | null });
        else failed(new Error(JSON.stringify(frame)));
      }
    };
    socket.addEventListener("message", listen);
    socket.send(JSON.stringify({ ...act, id }));
  });
}
