// The performer on stage, and the members whose frames nobody has a page for: who ask, vote and feel over a raw socket.

import { type Browser, type Locator, type Page, expect } from "@playwright/test";
import type { Fan } from "./fan.ts";
import type { House, Role } from "./house.ts";
import { perform, sitDown } from "./moderator.ts";
import { admit } from "./voice.ts";

type Frame = { type: string } & Record<string, unknown>;

export class Stage {
  constructor(readonly fan: Fan) {}

  /** From the street onto the stage. */
  static async stepOn(fan: Fan, house: House, slug: string, pass?: string): Promise<Stage> {
    const stage = new Stage(fan);
    await fan.page.goto(`${house.origin}/e/${slug}/stage`);
    await fan.enter(pass ?? (await house.issueOne(slug, "artist")));
    await stage.isThere();
    return stage;
  }

  get page(): Page {
    return this.fan.page;
  }

  async isThere(): Promise<void> {
    await expect(this.main).toBeVisible();
    await expect(this.link).toContainText("Connected");
  }

  get main(): Locator {
    return this.page.locator("main.stage");
  }

  get link(): Locator {
    return this.page.locator(".stage__link");
  }

  get spot(): Locator {
    return this.page.locator(".stage__spot");
  }

  get queue(): Locator {
    return this.page.getByRole("region", { name: /^Next questions/ });
  }

  /** The questions that wait, as they are shown. */
  get asked(): Locator {
    return this.queue.locator(".stage-ask__text p");
  }

  get lines(): Locator {
    return this.page.getByRole("region", { name: "The room says" });
  }

  get feel(): Locator {
    return this.page.getByRole("region", { name: "How the room feels" });
  }

  get field(): Locator {
    return this.page.locator("#say");
  }

  /** The last line that was said from here. */
  get own(): Locator {
    return this.page.locator(".stage__own");
  }

  act(name: string | RegExp): Locator {
    return this.page.getByRole("group", { name: "The spotlight" }).getByRole("button", { name });
  }

  async press(key: string): Promise<void> {
    await this.page.keyboard.press(key);
  }

  /** What was just done, in words. */
  async isTold(words: string | RegExp): Promise<void> {
    await expect(this.page.locator(".stage__done")).toContainText(words);
  }

  /** This question is in the spotlight. */
  async answers(question: string): Promise<void> {
    await expect(this.spot.locator(".stage__question p")).toHaveText(question);
  }

  async isFree(): Promise<void> {
    await expect(this.spot).toContainText("The spotlight is free");
  }

  /** Nothing scrolls, and no text ends in the middle of a line. */
  async fits(): Promise<void> {
    const found = await this.page.evaluate(() => {
      const over = (element: Element) => element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
      const named = (element: Element) => `${element.className} ${element.scrollWidth}×${element.scrollHeight} in ${element.clientWidth}×${element.clientHeight}`;
      const boxes = [document.documentElement, ...document.querySelectorAll("main.stage, .stage > *:not(dialog, .unseen), .stage ol, .stage__foot, .stage__acts, .stage__say, .stage__say .button, .stage__acts .button")];
      const cut = [...document.querySelectorAll(".fits")].filter((box) => (box.firstElementChild as HTMLElement).offsetHeight > box.clientHeight + 1);
      return { over: boxes.filter(over).map(named), cut: cut.map(named) };
    });
    expect(found).toEqual({ over: [], cut: [] });
  }
}

/** A member without a page to look at, who says any frame of the contract. */
export class Member {
  private constructor(
    private readonly page: Page,
    private readonly slug: string,
  ) {}

  static async join(browser: Browser, house: House, slug: string, nickname: string | null, role: Role = "fan"): Promise<Member> {
    const page = await browser.newPage();
    await page.goto(`${house.origin}/healthz`);
    await page.evaluate(admit, { slug, code: await house.issueOne(slug, role), nickname });
    await page.evaluate(sitDown, slug);
    return new Member(page, slug);
  }

  /** Says a frame; the answer is its place in the log. */
  async does(type: string, fields: object = {}): Promise<number> {
    const { seq } = await this.page.evaluate(perform, { type, ...fields });
    return seq ?? 0;
  }

  ask(text: string): Promise<number> {
    return this.does("send", { text, question: true });
  }

  /** The place in the log of a question that everybody can see by now. */
  async question(text: string): Promise<number> {
    const path = `/api/events/${this.slug}/messages`;
    const { messages } = await this.page.evaluate(async (path) => (await fetch(path)).json() as Promise<{ messages: Frame[] }>, path);
    const asked = messages.find((message) => message.text === text);
    if (!asked) throw new Error(`nobody asked: ${text}`);
    return asked.seq as number;
  }

  /** Taps on a reaction; nothing answers, so it is told apart by its id. */
  feel(emoji: string, count: number): Promise<number> {
    return this.does("react", { emoji, count });
  }

  /** From now on says so many lines a second, and taps as fast as taps count. */
  async storm(lines: number): Promise<void> {
    await this.page.evaluate((lines) => {
      const { socket } = (globalThis as unknown as { desk: { socket: WebSocket } }).desk;
      const emoji = ["👏", "❤️", "🔥", "😂", "😮", "🎉"];
      let said = 0;
      setInterval(() => {
        said += 1;
        socket.send(JSON.stringify({ type: "send", id: crypto.randomUUID(), text: `line ${said}: ${"la ".repeat(said % 23)}` }));
      }, 1_000 / lines);
      setInterval(() => socket.send(JSON.stringify({ type: "react", emoji: emoji[said % emoji.length], count: 5 })), 1_000);
    }, lines);
  }

  /** The question that this member sees held above the chat. */
  async spotlight(): Promise<number | null> {
    return this.page.evaluate(() => {
      const { heard } = (globalThis as unknown as { desk: { heard: Frame[] } }).desk;
      const rooms = heard.flatMap((frame) => (frame.type === "room" ? [frame] : frame.type === "welcome" ? [frame.room as Frame] : []));
      return (rooms.at(-1)?.spotlight as number | null | undefined) ?? null;
    });
  }

  /** The last message or entry of this type that this member heard. */
  async heard(type: string): Promise<Frame | null> {
    return this.page.evaluate((type) => (globalThis as unknown as { desk: { heard: Frame[] } }).desk.heard.findLast((frame) => frame.type === type) ?? null, type);
  }

  async leave(): Promise<void> {
    await this.page.close();
  }
}
