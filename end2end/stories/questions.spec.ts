// The moderators' part of the questions: what waits, what the artist gets to see, and what is above everybody's chat.

import type { Browser, Route } from "@playwright/test";
import { Desk } from "../support/desk.ts";
import { LAPTOP } from "../support/evening.ts";
import { expectForEverybody } from "../support/everybody.ts";
import type { Fan } from "../support/fan.ts";
import { expectFits } from "../support/fits.ts";
import type { House } from "../support/house.ts";
import { Member } from "../support/stage.ts";
import { expect, test } from "../support/story.ts";

const BOAT = "Is the boat in “Last Boat” a real boat?";
const DOG = "Who is the dog on the album sleeve?";

/** Several people and many steps: a story takes a while on a machine that is busy. */
test.describe.configure({ timeout: 120_000 });

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

interface Given {
  browser: Browser;
  house: House;
  newFan: (options?: object) => Promise<Fan>;
}

interface Evening {
  slug: string;
  mo: Desk;
  anvi: Member;
  zeynep: Member;
}

/** A moderator at work, and two fans who ask and vote. */
async function evening({ browser, house, newFan }: Given, options: object = LAPTOP): Promise<Evening> {
  const { slug } = await house.announce({ stream: null });
  const [anvi, zeynep] = await Promise.all([Member.join(browser, house, slug, "अन्वी"), Member.join(browser, house, slug, "zeynep")]);
  const mo = await Desk.sitDown(await newFan(options), slug, await house.issueOne(slug, "moderator"), "Mo");
  return { slug, mo, anvi, zeynep };
}

const onStage = (fan: Member) => expect.poll(() => fan.spotlight());

test("a question waits, is let into the queue, and dropped", async ({ browser, house, newFan }) => {
  const { slug, mo, anvi, zeynep } = await evening({ browser, house, newFan });
  const artist = await Member.join(browser, house, slug, null, "artist");
  const boat = await anvi.ask(BOAT);
  await expect(mo.tool(/^Questions/)).toContainText("1");
  await mo.press("q");
  await expect(mo.panel.getByRole("heading", { name: "Questions" })).toBeFocused();
  await expect(mo.asked).toHaveText([BOAT]);
  await expect(mo.question(BOAT)).toContainText("अन्वी");
  const votes = mo.question(BOAT).locator(".case__count");
  await expect(votes).toHaveText(/^0\s*votes$/);
  await zeynep.does("vote", { target: boat, on: true });
  await expect(votes).toHaveText(/^1\s*vote$/);

  await mo.actOnQuestion(BOAT, "Let in");
  await mo.isTold("Question let into the queue. अन्वी");
  await expect(mo.questions).toBeFocused();
  await expect(mo.questions).toContainText("No question waits.");
  await expect(mo.tool(/^Questions/)).toHaveText("Questions");
  await expect.poll(() => artist.heard("question")).toMatchObject({ state: "queued", votes: 1, message: { seq: boat } });
  await mo.openQuestions("In the queue");
  await expect(mo.asked).toHaveText([BOAT]);

  await mo.undo();
  await mo.isTold("Question dropped.");
  await expect(mo.questions).toContainText("The queue is empty.");
  await expect.poll(() => artist.heard("question")).toMatchObject({ state: "dropped" });
  await mo.openQuestions("Dropped");
  await mo.actOnQuestion(BOAT, "Let in");
  await mo.isTold("Question let into the queue.");
  await expect(mo.questions).toContainText("No question was dropped.");

  await mo.openQuestions("In the queue");
  await mo.actOnQuestion(BOAT, "Drop");
  await mo.isTold("Question dropped. अन्वी");
  await expect(mo.questions).toContainText("The queue is empty.");
  await mo.press("u");
  await mo.isTold("Question let into the queue.");
  await expect(mo.asked).toHaveText([BOAT]);

  await anvi.ask(DOG);
  await mo.openQuestions("Waiting");
  await mo.actOnQuestion(DOG, "Drop");
  await mo.isTold("Question dropped. It is under Dropped.");
  await expect(mo.toast.getByRole("button", { name: /^Undo/ })).toHaveCount(0);
  await mo.openQuestions("Dropped");
  await expect(mo.asked).toHaveText([DOG]);

  await mo.open("Audit");
  await expect(mo.panel.locator(".deed").first()).toContainText("Mo dropped a question of अन्वी");
});

test("a question is put on stage, taken off, and answered there", async ({ browser, house, newFan, newModerator }) => {
  const { slug, mo, anvi } = await evening({ browser, house, newFan });
  const ines = await newModerator(slug, "Ines");
  const boat = await anvi.ask(BOAT);
  const dog = await anvi.ask(DOG);
  for (const target of [boat, dog]) await ines.act("queue", { target, on: true });
  await mo.openQuestions("In the queue");
  await expect(mo.asked).toHaveText([BOAT, DOG]);

  await mo.actOnQuestion(BOAT, "Put on stage");
  await mo.isTold("Question put on stage. अन्वी");
  await onStage(anvi).toBe(boat);
  await expect(mo.question(BOAT)).toContainText("On stage");
  await mo.actOnQuestion(DOG, "Put on stage");
  await onStage(anvi).toBe(dog);
  await expect(mo.question(BOAT)).not.toContainText("On stage");
  await expect(mo.question(DOG)).toContainText("On stage");
  await mo.undo();
  await onStage(anvi).toBe(boat);

  await mo.actOnQuestion(BOAT, "Take off stage");
  await mo.isTold("The question is off the stage.");
  await onStage(anvi).toBe(null);
  await mo.undo();
  await onStage(anvi).toBe(boat);
  await expect(mo.question(BOAT)).toContainText("On stage");

  await mo.actOnQuestion(BOAT, "Answered on air");
  await mo.isTold("Answered on air. अन्वी");
  await onStage(anvi).toBe(null);
  await expect(mo.asked).toHaveText([DOG]);
  await mo.undo();
  await onStage(anvi).toBe(boat);
  await expect(mo.question(BOAT)).toContainText("On stage");

  await mo.actOnQuestion(BOAT, "Answered on air");
  await onStage(anvi).toBe(null);
  await ines.act("spotlight", { target: dog });
  await expect(mo.question(DOG)).toContainText("On stage");
  await mo.undo();
  await mo.isTold("Question is open again.");
  await expect(mo.question(BOAT)).not.toContainText("On stage");
  await onStage(anvi).toBe(dog);

  await mo.actOnQuestion(BOAT, "Answered on air");
  await mo.isTold("Answered on air.");
  await mo.openQuestions("Answered");
  await mo.actOnQuestion(BOAT, "Open again");
  await mo.isTold("Question is open again.");
  await expect(mo.questions).toContainText("No question was answered.");
  await mo.undo();
  await mo.isTold("Answered on air.");
  await expect(mo.asked).toHaveText([BOAT]);
});

test("what others do moves a question, and what fans do not see is in no list", async ({ browser, house, newFan, newModerator }) => {
  const { slug, mo, anvi, zeynep } = await evening({ browser, house, newFan });
  const ines = await newModerator(slug, "Ines");
  const boat = await anvi.ask(BOAT);
  const dog = await zeynep.ask(DOG);
  await mo.openQuestions("Waiting");
  await expect(mo.asked).toHaveText([BOAT, DOG]);
  await ines.act("hide", { target: boat });
  await expect(mo.asked).toHaveText([DOG]);
  await ines.act("unhide", { target: boat });
  await expect(mo.question(BOAT)).toBeVisible();
  await ines.actOn("ban", "zeynep");
  await expect(mo.asked).toHaveText([BOAT]);
  await expect(mo.tool(/^Questions/)).toContainText("1");
  await ines.actOn("unban", "zeynep");
  await expect(mo.question(DOG)).toBeVisible();
  await ines.act("queue", { target: dog, on: true });
  await expect(mo.asked).toHaveText([BOAT]);
  await mo.openQuestions("In the queue");
  await expect(mo.asked).toHaveText([DOG]);
  await expect(mo.toasts).toHaveCount(0);
});

test("the list does not move under a hand", async ({ browser, house, newFan }) => {
  const { mo, anvi, zeynep } = await evening({ browser, house, newFan });
  await anvi.ask(BOAT);
  const dog = await anvi.ask(DOG);
  await mo.openQuestions("Waiting");
  await expect(mo.asked).toHaveText([BOAT, DOG]);
  await mo.question(BOAT).hover();
  await zeynep.does("vote", { target: dog, on: true });
  await expect(mo.question(DOG).locator(".case__count")).toHaveText(/^1\s*vote$/);
  await expect(mo.asked).toHaveText([BOAT, DOG]);
  await mo.bar.hover();
  await expect(mo.asked).toHaveText([DOG, BOAT]);
});

test("a question that is selected is selected in the chat", async ({ browser, house, newFan }) => {
  const { mo, anvi } = await evening({ browser, house, newFan });
  await anvi.ask(BOAT);
  await mo.openQuestions("Waiting");
  const question = mo.question(BOAT).getByRole("button", { name: BOAT });
  await question.click();
  await expect(mo.selected).toContainText(BOAT);
  await expect(mo.acts).toContainText("On अन्वी");
  await expect(question).toHaveAttribute("aria-current", "true");
});

test("of many the most asked are listed, and all are counted", async ({ browser, house, newFan }) => {
  const { mo, anvi, zeynep } = await evening({ browser, house, newFan });
  for (let number = 1; number <= 102; number += 1) await anvi.ask(`Question ${number}, please?`);
  const boat = await anvi.ask(BOAT);
  await zeynep.does("vote", { target: boat, on: true });
  await mo.openQuestions("Waiting");
  await expect(mo.tool(/^Questions/)).toContainText("103");
  await expect(mo.questions).toContainText("The 100 most asked of 103.");
  await expect(mo.asked).toHaveCount(100);
  await expect(mo.asked.first()).toHaveText(BOAT, { timeout: 15_000 });
  await mo.actOnQuestion(BOAT, "Let in");
  await expect(mo.questions).toContainText("The 100 most asked of 102.");
  await expect(mo.asked).toHaveCount(100);
});

test("no questions, and questions that cannot be read, are for everybody", async ({ browser, house, newFan }) => {
  const { mo } = await evening({ browser, house, newFan });
  for (const list of ["Waiting", "In the queue", "Dropped", "Answered"] as const) {
    await mo.openQuestions(list);
    await expect(mo.questions).toContainText(/No question|The queue is empty/);
  }
  await expectForEverybody(mo.fan, "no questions");

  const { page } = mo.fan;
  mo.fan.mayLog(/net::ERR_FAILED/);
  const kept: Route[] = [];
  let fate = (route: Route) => route.abort();
  await page.route(/\/questions\?/, (route) => fate(route));
  await page.reload();
  await mo.openQuestions("Waiting");
  await expect(mo.questions).toContainText("This could not be fetched.");
  await expectForEverybody(mo.fan, "questions that cannot be read");
  // What the page asks again by itself does not come before the button is pressed.
  fate = async (route) => void kept.push(route);
  await mo.questions.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => kept.some((route) => route.request().url().includes("state=waiting"))).toBe(true);
  fate = (route) => route.continue();
  for (const route of kept) await route.continue();
  await expect(mo.questions).toContainText("No question waits.");
});

test("questions are for everybody, and fit the narrowest phone", async ({ browser, house, newFan, newModerator }) => {
  const { slug, mo, anvi } = await evening({ browser, house, newFan });
  const ines = await newModerator(slug, "Ines");
  const target = await anvi.ask(BOAT);
  const long = `${"x".repeat(120)} ${"How did you? ".repeat(25)}`.trim();
  await anvi.ask(long);
  await ines.act("queue", { target, on: true });
  await ines.act("spotlight", { target });
  await mo.openQuestions("Waiting");
  await expect(mo.asked).toHaveText([long]);
  await expectForEverybody(mo.fan, "a question waits");
  await mo.openQuestions("In the queue");
  await expect(mo.question(BOAT)).toContainText("On stage");
  await mo.actOnQuestion(BOAT, "Take off stage");
  await mo.isTold("The question is off the stage.");
  await expectForEverybody(mo.fan, "a question in the queue");

  await mo.fan.page.setViewportSize({ width: 320, height: 568 });
  for (const list of ["Waiting", "In the queue"] as const) {
    await mo.openQuestions(list);
    await expect(mo.asked).toHaveCount(1);
    await expectFits(mo.fan.page);
  }
  await mo.question(BOAT).getByRole("button", { name: BOAT }).click();
  await expect(mo.panel).toBeHidden();
  await expect(mo.selected).toContainText(BOAT);
  await expectFits(mo.fan.page);
});
