// The performer between two songs: questions, answers and the room, read from two metres.

import type { Browser } from "@playwright/test";
import AxeBuilder from "@axe-core/playwright";
import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import { Member, Stage } from "../support/stage.ts";
import { NO_LINE, expect, test } from "../support/story.ts";

const BOAT = "Is the boat in “Last Boat” a real boat?";
const DOG = "Who is the dog on the album sleeve?";
const VERSE = "Do you also hate the second verse now?";
const LANDSCAPE = { width: 1920, height: 1080 };
const PORTRAIT = { width: 1080, height: 1920 };

interface Evening {
  slug: string;
  stage: Stage;
  fan: Member;
  crew: Member;
  /** The questions' places in the log. */
  boat: number;
  dog: number;
  verse: number;
}

interface Given {
  browser: Browser;
  house: House;
  newFan: (options?: object) => Promise<Fan>;
}

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

/** Three questions in the queue: the boat asked by two more, the dog by one. */
async function evening({ browser, house, newFan }: Given): Promise<Evening> {
  const { slug } = await house.announce();
  const [fan, other, crew] = await Promise.all([Member.join(browser, house, slug, "अन्वी"), Member.join(browser, house, slug, "row of one"), Member.join(browser, house, slug, "Mo", "moderator")]);
  const verse = await fan.ask(VERSE);
  const dog = await fan.ask(DOG);
  const boat = await fan.ask(BOAT);
  for (const target of [verse, dog, boat]) await crew.does("queue", { target, on: true });
  await other.does("vote", { target: dog, on: true });
  await other.does("vote", { target: boat, on: true });
  await crew.does("vote", { target: boat, on: true });
  const artist = await newFan({ viewport: LANDSCAPE });
  const stage = await Stage.stepOn(artist, house, slug);
  return { slug, stage, fan, crew, boat, dog, verse };
}

const onStage = (fan: Member) => expect.poll(() => fan.spotlight());

test("an artist leads through the questions, and every fan sees what is answered", async ({ browser, house, newFan }) => {
  const { stage, fan, boat, dog } = await evening({ browser, house, newFan });
  await expect(stage.asked).toHaveText([BOAT, DOG, VERSE]);
  await stage.isFree();

  await stage.act(/^Next/).click();
  await stage.answers(BOAT);
  await onStage(fan).toBe(boat);
  await expect(stage.asked).toHaveText([DOG, VERSE]);

  await stage.act(/^Answered/).click();
  await stage.isTold("Answered on air.");
  await onStage(fan).toBe(null);
  await expect.poll(() => fan.heard("answer")).toMatchObject({ target: boat });
  await expect(stage.asked).toHaveText([DOG, VERSE]);

  await stage.page.getByRole("button", { name: /^Undo/ }).click();
  await stage.answers(BOAT);
  await onStage(fan).toBe(boat);

  await stage.act(/^Next/).click();
  await stage.answers(DOG);
  await onStage(fan).toBe(dog);
  await expect(stage.asked).toHaveText([BOAT, VERSE]);
});

test("a clicker goes on, back and past", async ({ browser, house, newFan }) => {
  const { stage, fan, boat, dog, verse } = await evening({ browser, house, newFan });
  await expect(stage.asked).toHaveCount(3);
  for (const [key, question, seq] of [["PageDown", BOAT, boat], ["PageDown", DOG, dog], ["PageUp", BOAT, boat], ["PageDown", DOG, dog], ["n", VERSE, verse]] as const) {
    await stage.press(key);
    await stage.answers(question);
    await onStage(fan).toBe(seq);
  }
  await stage.press("b");
  await stage.isFree();
  await stage.press("u");
  await stage.answers(VERSE);
  await stage.press(".");
  await stage.isFree();
  await expect(stage.asked).toHaveText([BOAT, DOG]);
});

test("a question is answered in words, and the keys are letters meanwhile", async ({ browser, house, newFan }) => {
  const { stage, fan, boat } = await evening({ browser, house, newFan });
  await expect(stage.asked).toHaveCount(3);
  await stage.press("ArrowRight");
  await stage.answers(BOAT);
  await stage.press("a");
  await expect(stage.field).toBeFocused();
  await stage.page.keyboard.type("No, but the nap and the ballad are.");
  await stage.answers(BOAT);
  await stage.press("Enter");
  await stage.isTold("Answered in words.");
  await stage.isFree();
  await expect.poll(() => fan.heard("message")).toMatchObject({ text: "No, but the nap and the ballad are.", answers: boat, role: "artist" });
  await expect(stage.own).toHaveText("Said: No, but the nap and the ballad are.");
  await stage.press("Escape");
  await stage.press("ArrowRight");
  await stage.answers(DOG);
});

test("what is said from the stage is confirmed there", async ({ browser, house, newFan }) => {
  const { stage, fan } = await evening({ browser, house, newFan });
  await stage.page.getByRole("button", { name: "Thank you" }).click();
  await expect(stage.own).toHaveText("Said: Thank you");
  await expect.poll(() => fan.heard("message")).toMatchObject({ text: "Thank you", role: "artist" });

  await stage.press("t");
  await stage.page.keyboard.type("Hello whoever is ironing.");
  await stage.press("Enter");
  await expect(stage.own).toHaveText("Said: Hello whoever is ironing.");
  await expect(stage.field).toHaveValue("");

  await stage.press("Escape");
  await stage.press("?");
  await stage.page.getByLabel("Quick reply 1").fill("Danke");
  await stage.page.getByRole("button", { name: "Close" }).click();
  await stage.page.reload();
  await stage.isThere();
  await expect(stage.page.getByRole("button", { name: "Danke" })).toBeVisible();
});

test("a question that a moderator hides leaves the stage and the queue", async ({ browser, house, newFan }) => {
  const { stage, fan, crew, boat, dog } = await evening({ browser, house, newFan });
  await expect(stage.asked).toHaveCount(3);
  await stage.press("PageDown");
  await stage.answers(BOAT);
  await crew.does("hide", { target: boat });
  await stage.isFree();
  await onStage(fan).toBe(null);
  await expect(stage.asked).toHaveText([DOG, VERSE]);
  await crew.does("hide", { target: dog });
  await expect(stage.asked).toHaveText([VERSE]);
  await crew.does("unhide", { target: dog });
  await expect(stage.asked).toHaveText([DOG, VERSE]);
});

test("the room is shown calmly: what is read stays in its place, what is hidden leaves it", async ({ browser, house, newFan }) => {
  const { stage, fan, crew } = await evening({ browser, house, newFan });
  const first = await fan.does("send", { text: "the BASS" });
  const lines = stage.lines.locator(".stage-line__text p");
  await expect(lines.filter({ hasText: "the BASS" })).toBeVisible({ timeout: 30_000 });
  await fan.does("send", { text: "Vesna, I am the one ironing" });
  await expect(stage.lines.locator(".stage-line--you")).toContainText("I am the one ironing", { timeout: 30_000 });
  const other = await fan.does("send", { text: "hidden at once" });
  await crew.does("hide", { target: other });
  await crew.does("hide", { target: first });
  await expect(lines.filter({ hasText: "the BASS" })).toHaveCount(0);
  await expect(lines.filter({ hasText: "hidden at once" })).toHaveCount(0);
});

test("what the room feels is seen at once", async ({ browser, house, newFan }) => {
  const { stage, fan } = await evening({ browser, house, newFan });
  await expect(stage.feel).toContainText("No reactions just now");
  await fan.feel("❤️", 5);
  await expect(stage.feel.locator(".stage__mood")).toContainText("❤️");
  await expect(stage.feel.getByRole("img", { name: "Reactions in the last minute: 5" })).toBeVisible();
  await stage.page.reload();
  await stage.isThere();
  await expect(stage.feel.getByRole("img", { name: /^Reactions in the last minute: [1-9]/ })).toBeVisible();
});

test("a lost connection is said quietly, and comes back by itself", async ({ browser, house, newFan }) => {
  const { stage } = await evening({ browser, house, newFan });
  stage.fan.mayLog(...NO_LINE);
  await expect(stage.asked).toHaveCount(3);
  await house.kill();
  await expect(stage.link).toContainText(/Out for \d+ s/);
  await stage.press("PageDown");
  await stage.isTold("There is no connection.");
  await expect(stage.asked).toHaveCount(3);
  await house.restart();
  await expect(stage.link).toContainText("Connected", { timeout: 30_000 });
  await stage.press("PageDown");
  await stage.answers(BOAT);
});

test("nothing scrolls and nothing is cut, however much there is", async ({ browser, house, newFan, newVoice }) => {
  const { stage, fan, crew, slug } = await evening({ browser, house, newFan });
  const long = "Would you tell us how a whole album about harbours came out of a winter in the mountains, and who kept the tea warm? ".repeat(4).trim();
  for (let place = 0; place < 27; place += 1) {
    const target = await fan.ask(place % 3 === 0 ? "長".repeat(480) : place % 3 === 1 ? "x".repeat(490) : `${long} ${place}`);
    await crew.does("queue", { target, on: true });
  }
  const voice = await newVoice(slug, "W".repeat(24));
  await voice.say(...Array.from({ length: 200 }, (_, place) => (place % 2 ? `${long} ${place}` : `Vesna ${"長".repeat(place)}`)));
  await expect(stage.queue).toContainText("and 27 more");
  await expect(stage.lines.locator(".stage-line")).toHaveCount(3, { timeout: 30_000 });
  for (let place = 0; place < 4; place += 1) {
    await stage.press("PageDown");
    await stage.isTold("In the spotlight.");
    for (const viewport of [LANDSCAPE, PORTRAIT, { width: 1024, height: 768 }]) {
      await stage.page.setViewportSize(viewport);
      await expect(async () => stage.fits()).toPass({ timeout: 5_000 });
    }
  }
});

test("the stage is for everybody, dark and bright", async ({ browser, house, newFan }) => {
  const { stage } = await evening({ browser, house, newFan });
  await stage.page.emulateMedia({ reducedMotion: "reduce" });
  await expect(stage.asked).toHaveCount(3);
  for (const state of ["free", "answering"]) {
    for (const light of ["dark", "bright"]) {
      const { violations } = await new AxeBuilder({ page: stage.page }).analyze();
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`), `${state}, ${light}`).toEqual([]);
      await stage.press("d");
    }
    if (state === "free") {
      await stage.press("PageDown");
      await stage.answers(BOAT);
    }
  }
});

test("the stage is dark whatever the system prefers, until it is told to be bright", async ({ browser, house, newFan }) => {
  const { stage } = await evening({ browser, house, newFan });
  await stage.page.emulateMedia({ colorScheme: "light" });
  await expect(stage.main).toHaveCSS("color-scheme", "dark");
  await stage.press("d");
  await expect(stage.main).toHaveCSS("color-scheme", "light");
  await stage.page.reload();
  await stage.isThere();
  await expect(stage.main).toHaveCSS("color-scheme", "light");
});

test("the screen is kept on, again after the page was away, and where that fails it is said", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const artist = await newFan({ viewport: LANDSCAPE });
  await artist.page.addInitScript(() => {
    const asked: string[] = [];
    const locks: { released: boolean; release: () => Promise<void> }[] = [];
    const request = async (kind: string) => {
      asked.push(kind);
      if (asked.length > 2) throw new Error("not now");
      locks.push({ released: false, release: async () => {} });
      return locks.at(-1);
    };
    Object.defineProperty(navigator, "wakeLock", { value: { request } });
    Object.assign(globalThis, { asked, locks });
  });
  const stage = await Stage.stepOn(artist, house, slug);
  const asked = () => artist.page.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
  const comeBack = () =>
    artist.page.evaluate(() => {
      for (const lock of (globalThis as unknown as { locks: { released: boolean }[] }).locks) lock.released = true;
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    });
  await expect.poll(asked).toEqual(["screen"]);
  await comeBack();
  await expect.poll(asked).toEqual(["screen", "screen"]);
  await expect(stage.page.getByText("This screen may go to sleep.")).toHaveCount(0);
  await comeBack();
  await expect(stage.page.getByText("This screen may go to sleep.")).toBeVisible();
});

test("a fan at the stage's address is in the room, and its address is the room's", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.page.goto(`${house.origin}/e/${slug}/stage`);
  await fan.enter(await house.issueOne(slug));
  await fan.call("Marit");
  await fan.isInTheChat();
  expect(new URL(fan.page.url()).pathname).toBe(`/e/${slug}`);
  await expect(fan.page.locator("main.stage")).toHaveCount(0);
});

test("a moderator may stand in for the artist", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan({ viewport: LANDSCAPE });
  await fan.page.goto(`${house.origin}/e/${slug}/stage`);
  await fan.enter(await house.issueOne(slug, "moderator"));
  await fan.call("Ines");
  await new Stage(fan).isThere();
});
