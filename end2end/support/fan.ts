// A person with a browser. What they do and see, in their words; selectors live here and not in the stories.

import { type BrowserContext, type Locator, type Page, expect } from "@playwright/test";
import type { Watch } from "./watch.ts";

export class Fan {
  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly watch: Watch,
    private readonly origin: string,
  ) {}

  // ── the gate ──

  async openGate(slug: string, code?: string): Promise<void> {
    await this.page.goto(`${this.origin}/e/${slug}${code ? `#${code}` : ""}`);
  }

  get codeField(): Locator {
    return this.page.getByLabel("Ticket code");
  }

  get gate(): Locator {
    return this.page.locator("main.gate:not(.nickname)");
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { name });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  async press(name: string | RegExp): Promise<void> {
    await this.button(name).click();
  }

  async enter(code: string): Promise<void> {
    await this.codeField.fill(code);
    await this.press("Take your seat");
  }

  // ── the nickname ──

  get nicknameField(): Locator {
    return this.page.getByLabel("Nickname");
  }

  async call(nickname: string): Promise<void> {
    await this.nicknameField.fill(nickname);
    await expect(this.page.getByText("It’s yours if you want it.")).toBeVisible();
    await this.press("Walk in");
  }

  /** From the street to the chat. */
  async walkIn(slug: string, code: string, nickname: string): Promise<void> {
    await this.openGate(slug);
    await this.enter(code);
    await this.call(nickname);
    await this.isInTheChat();
  }

  // ── the room ──

  get room(): Locator {
    return this.page.locator("main.room");
  }

  get field(): Locator {
    return this.page.getByLabel("Your line");
  }

  get log(): Locator {
    return this.page.getByRole("log", { name: "Messages" });
  }

  get rows(): Locator {
    return this.log.locator(".message");
  }

  get words(): Locator {
    return this.log.locator(".message__text");
  }

  get video(): Locator {
    return this.page.locator("video.stream__picture");
  }

  get pill(): Locator {
    return this.button(/^\d+ new messages?$/);
  }

  /** The quiet lines that stand where something was hidden. */
  get hidden(): Locator {
    return this.log.getByText("Hidden by a moderator");
  }

  /** What stands above the chat. */
  get pin(): Locator {
    return this.page.locator(".pinned");
  }

  /** The question that is held above the chat. */
  get spotlight(): Locator {
    return this.page.getByRole("region", { name: "On stage now" });
  }

  /** The mark that makes the line a question to the artist. */
  get asking(): Locator {
    return this.button(/^Mark as a question for/);
  }

  /** The way to ask a question too. */
  vote(question: string): Locator {
    return this.row(question).getByRole("button", { name: /^Ask this too/ });
  }

  get reactions(): Locator {
    return this.page.getByRole("group", { name: "React" });
  }

  reaction(emoji: string): Locator {
    return this.reactions.getByRole("button", { name: emoji });
  }

  /** How often everybody tapped it, as this fan sees it. */
  tapped(emoji: string): Promise<number> {
    return this.reaction(emoji).locator(".reaction__count").innerText().then(Number);
  }

  row(text: string): Locator {
    return this.rows.filter({ has: this.page.locator(".message__text").and(this.page.getByText(text, { exact: true })) });
  }

  async isInTheChat(): Promise<void> {
    await expect(this.field).toBeEditable();
    await expect(this.log).toBeVisible();
  }

  /** In the chat, and what was said before is there. */
  async hasCaughtUp(): Promise<void> {
    await this.isInTheChat();
    await expect(this.log).not.toHaveAttribute("aria-busy");
  }

  /** Tells the crew about a line. */
  async report(text: string, reason: string): Promise<void> {
    await this.row(text).hover();
    await this.press(/^Report this line of /);
    const dialog = this.page.getByRole("dialog");
    await dialog.getByLabel(reason).check();
    await dialog.getByRole("button", { name: "Report it" }).click();
    await dialog.getByRole("button", { name: /Close|Done|Back/ }).click();
  }

  /** Comes when the house has freed the seat: a page that is loaded again before would tell of the leaving twice. */
  async seatIsFree(): Promise<void> {
    await this.page.waitForResponse((answer) => answer.request().method() === "DELETE" && answer.status() === 204);
  }

  /** Leaves the room, and says so when asked. */
  async leave(): Promise<void> {
    await this.press("Leave the room");
    await this.page.getByRole("dialog", { name: "Leave the room?" }).getByRole("button", { name: "Leave the room" }).click();
    await expect(this.codeField).toBeVisible();
  }

  /** Says a line and sees it confirmed. */
  async say(text: string): Promise<void> {
    await this.send(text);
    await expect(this.row(text)).toHaveCount(1);
    // An ack comes before the line has its place in the log, where others can act on it.
    await expect(this.row(text)).toHaveAttribute("data-seq");
  }

  /** Asks the artist, and sees it confirmed. */
  async ask(question: string): Promise<void> {
    await this.asking.click();
    await this.say(question);
  }

  /** Says a line without waiting for what becomes of it. */
  async send(text: string): Promise<void> {
    await this.field.fill(text);
    await this.field.press("Enter");
    await expect(this.field).toHaveValue("");
  }

  async sees(...texts: string[]): Promise<void> {
    for (const text of texts) await expect(this.row(text)).toBeVisible();
  }

  /** The whole transcript, in order: nothing missing, nothing twice. */
  async seesExactly(texts: string[], within: { timeout?: number } = {}): Promise<void> {
    await expect(this.words).toHaveText(texts, within);
    await expect(this.log.locator("[data-state]")).toHaveCount(0);
  }

  /** From now on notes what a screen reader is told by itself; the answer reads it. */
  async listen(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const told: string[] = [];
      Object.assign(globalThis, { told });
      const regions = "[role=log], [role=status], [role=alert], [aria-live]";
      const note = (node: Node) => {
        const region = (node instanceof Element ? node : node.parentElement)?.closest(regions);
        if (region && region.getAttribute("aria-live") !== "off") told.push(node.textContent ?? "");
      };
      const observer = new MutationObserver((changes) => changes.forEach(({ type, target, addedNodes }) => (type === "childList" ? addedNodes.forEach(note) : note(target))));
      observer.observe(document.body, { childList: true, characterData: true, subtree: true });
    });
    return () => this.page.evaluate(() => (globalThis as unknown as { told: string[] }).told);
  }

  /** From now on these complaints of the browser belong to the story. */
  mayLog(...complaints: RegExp[]): void {
    this.watch.allow(...complaints);
  }

  expectQuiet(): void {
    this.watch.expectQuiet();
  }
}
