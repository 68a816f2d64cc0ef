// A moderator at work: a person in the room, with the desk beside the chat.

import { type Locator, expect } from "@playwright/test";
import type { Fan } from "./fan.ts";

export class Desk {
  constructor(readonly fan: Fan) {}

  /** From the street to the desk, with admin mode on. */
  static async sitDown(fan: Fan, slug: string, pass: string, nickname: string): Promise<Desk> {
    await fan.walkIn(slug, pass, nickname);
    const desk = new Desk(fan);
    await desk.switchOn();
    return desk;
  }

  get switch(): Locator {
    return this.fan.page.getByRole("switch", { name: "Admin mode" });
  }

  async switchOn(): Promise<void> {
    await this.switch.check();
    await expect(this.bar).toBeVisible();
  }

  get bar(): Locator {
    return this.fan.page.getByRole("toolbar", { name: "Room controls" });
  }

  tool(name: string | RegExp): Locator {
    return this.bar.getByRole("button", { name });
  }

  /** The acts on what is selected. */
  get acts(): Locator {
    return this.fan.page.getByRole("group", { name: "Act on this message" });
  }

  get panel(): Locator {
    return this.fan.page.locator(".desk__main");
  }

  get card(): Locator {
    return this.fan.page.locator(".card");
  }

  /** What is said of the newest act. */
  get toast(): Locator {
    return this.toasts.last();
  }

  get toasts(): Locator {
    return this.fan.page.locator(".toast");
  }

  /** Selects the line with a click. */
  async select(text: string): Promise<void> {
    await this.line(text).locator(".message__text").click();
    await expect(this.acts).toBeVisible();
  }

  /** A line as the moderator sees it, hidden ones too. */
  line(text: string): Locator {
    return this.fan.row(text);
  }

  get selected(): Locator {
    return this.fan.log.locator(".message--selected");
  }

  async act(name: string | RegExp): Promise<void> {
    await this.acts.getByRole("button", { name }).click();
  }

  /** What was just done, in words. */
  async isTold(words: string | RegExp): Promise<void> {
    await expect(this.toast).toContainText(words);
  }

  async undo(): Promise<void> {
    await this.toast.getByRole("button", { name: /^Undo/ }).click();
  }

  /** Presses a key where nobody types. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.fan.page.keyboard.press(key);
  }

  /** What was done about whom the card is of. */
  deed(words: string | RegExp): Locator {
    return this.card.getByRole("list", { name: "What was done" }).getByRole("listitem").filter({ hasText: words });
  }

  /** Opens those of the questions that stand so. */
  async openQuestions(list: "Waiting" | "In the queue" | "Dropped" | "Answered"): Promise<void> {
    await this.open("Questions");
    await this.panel.getByRole("group", { name: "Which questions" }).getByRole("button", { name: new RegExp(`^${list}`) }).click();
    await expect(this.questions).toHaveAttribute("aria-label", `Questions: ${list}`);
  }

  /** The list of questions that is shown. */
  get questions(): Locator {
    return this.panel.getByRole("group", { name: /^Questions: / });
  }

  /** What is asked in it, from above. */
  get asked(): Locator {
    return this.questions.locator(".case__text");
  }

  question(text: string): Locator {
    return this.questions.locator(".case", { hasText: text });
  }

  /** Does something about a question of the list. */
  async actOnQuestion(text: string, name: string): Promise<void> {
    await this.question(text).getByRole("button", { name, exact: true }).click();
  }

  /** Opens a panel by its tool; one that is open stays so. */
  async open(name: string): Promise<void> {
    const tool = this.tool(new RegExp(`^${name}`));
    if ((await tool.getAttribute("aria-expanded")) !== "true") await tool.click();
  }
}
