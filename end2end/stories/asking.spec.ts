// Questions as fans meet them: asked, asked too, held above the chat, answered; and an evening with all four at once.

import type { Browser } from "@playwright/test";
import { Desk } from "../support/desk.ts";
import { LAPTOP } from "../support/evening.ts";
import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import { Member, Stage } from "../support/stage.ts";
import { NO_LINE, expect, test } from "../support/story.ts";

const BOAT = "Is the boat in “Last Boat” a real boat?";
const NO = "No, but the nap and the ballad are.";

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

interface Given {
  browser: Browser;
  house: House;
  newFan: (options?: object) => Promise<Fan>;
}

async function row({ house, newFan }: Given): Promise<{ slug: string; marit: Fan; zeynep: Fan }> {
  const { slug } = await house.announce({ stream: null });
  const [marit, zeynep] = [await newFan(), await newFan()];
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  await zeynep.walkIn(slug, await house.issueOne(slug), "zeynep");
  return { slug, marit, zeynep };
}

test("a question is asked too, once by each, and the vote can be taken back", async ({ browser, house, newFan }) => {
  const { slug, marit, zeynep } = await row({ browser, house, newFan });
  await marit.ask(BOAT);
  await expect(marit.asking).toHaveAttribute("aria-pressed", "false");
  await expect(marit.row(BOAT)).toHaveClass(/message--question/);
  await expect(marit.vote(BOAT)).toHaveCount(0);

  const other = await Member.join(browser, house, slug, "row of one");
  await zeynep.sees(BOAT);
  const vote = zeynep.vote(BOAT);
  await vote.click();
  await expect(vote).toHaveAttribute("aria-pressed", "true");
  await expect(vote).toHaveText("1");
  const message = await other.question(BOAT);
  await other.does("vote", { target: message, on: true });
  await expect(vote).toHaveText("2");
  await expect(marit.row(BOAT).locator(".message__vote")).toContainText("2");

  await zeynep.page.reload();
  await zeynep.sees(BOAT);
  await expect(vote).toHaveText("2");
  await expect(vote).toHaveAttribute("aria-pressed", "true");
  await vote.click();
  await expect(vote).toHaveAttribute("aria-pressed", "false");
  await expect(vote).toHaveText("1");
  await expect(marit.row(BOAT).locator(".message__vote")).toContainText("1");
});

test("a question being written stays one, and a line is none", async ({ browser, house, newFan }) => {
  const { marit } = await row({ browser, house, newFan });
  await marit.asking.click();
  await expect(marit.field).toBeFocused();
  await expect(marit.field).toHaveAttribute("placeholder", "Ask Vesna Oduya");
  await marit.field.fill("Is the bo");
  await marit.page.reload();
  await marit.isInTheChat();
  await expect(marit.field).toHaveValue("Is the bo");
  await expect(marit.asking).toHaveAttribute("aria-pressed", "true");
  await marit.asking.click();
  await marit.say("Is the boat gone");
  await expect(marit.row("Is the boat gone")).not.toHaveClass(/message--question/);
});

test("a question that is sent before the line is there is asked as one", async ({ browser, house, newFan }) => {
  const { marit, zeynep } = await row({ browser, house, newFan });
  await marit.asking.click();
  await marit.field.fill(BOAT);
  let connect = () => {};
  const held = new Promise<void>((open) => (connect = open));
  await marit.page.routeWebSocket(/\/socket/, async (socket) => {
    const waiting: (string | Buffer)[] = [];
    socket.onMessage((message) => void waiting.push(message));
    await held;
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    for (const message of waiting) server.send(message);
  });
  await marit.page.reload();
  await marit.isInTheChat();
  await expect(marit.asking).toHaveAttribute("aria-pressed", "true");
  await marit.send(BOAT);
  connect();
  await expect(zeynep.row(BOAT)).toHaveClass(/message--question/);
  await expect(zeynep.vote(BOAT)).toHaveCount(1);
});

test("a vote without a line is taken back, and that is said", async ({ browser, house, newFan }) => {
  const { marit, zeynep } = await row({ browser, house, newFan });
  await marit.ask(BOAT);
  const vote = zeynep.vote(BOAT);
  await vote.click();
  await expect(marit.row(BOAT).locator(".message__vote")).toContainText("1");
  const told = await zeynep.listen();
  for (const fan of [marit, zeynep]) fan.mayLog(...NO_LINE);
  await house.kill();
  await expect(zeynep.reactions).toHaveClass(/reactions--off/);
  await vote.click();
  await expect.poll(async () => (await told()).join()).toContain("Your vote was not counted.");
  await expect(vote).toHaveAttribute("aria-pressed", "true");
  await expect(vote).toHaveText("1");
  await house.restart();
  await expect(zeynep.reactions).not.toHaveClass(/reactions--off/);
  await expect(vote).toHaveText("1");
});

test("staff do not ask the artist here", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const mo = await newFan();
  await mo.walkIn(slug, await house.issueOne(slug, "moderator"), "Mo");
  await mo.say("hello");
  await expect(mo.asking).toHaveCount(0);
});

test("an answer shows its question for as long as that may be seen", async ({ browser, house, newFan }) => {
  const { slug, marit, zeynep } = await row({ browser, house, newFan });
  await marit.ask(BOAT);
  const artist = await Member.join(browser, house, slug, null, "artist");
  const crew = await Member.join(browser, house, slug, "Mo", "moderator");
  const boat = await crew.question(BOAT);
  await artist.does("spotlight", { target: boat });
  for (const fan of [marit, zeynep]) await expect(fan.spotlight).toContainText(BOAT);
  await artist.does("answer", { target: boat, text: NO });
  for (const fan of [marit, zeynep]) {
    await expect(fan.spotlight).toHaveCount(0);
    await expect(fan.row(NO).locator(".message__quote")).toContainText(BOAT);
    await expect(fan.row(BOAT)).toContainText("Answered");
  }

  const late = await newFan();
  await late.walkIn(slug, await house.issueOne(slug), "कल");
  await expect(late.row(NO).locator(".message__quote")).toContainText(BOAT);
  await expect(late.row(BOAT)).toContainText("Answered");

  await crew.does("hide", { target: boat });
  for (const fan of [marit, zeynep, late]) {
    await expect(fan.page.getByText(BOAT)).toHaveCount(0);
    await expect(fan.row(NO).locator(".message__quote")).toContainText("a question from earlier");
  }
  await crew.does("unhide", { target: boat });
  for (const fan of [marit, zeynep, late]) await expect(fan.row(NO).locator(".message__quote")).toContainText(BOAT);
});

test("four at once: two fans, a moderator and the artist", async ({ browser, house, newFan }) => {
  const { slug, marit, zeynep } = await row({ browser, house, newFan });
  const mo = await Desk.sitDown(await newFan(LAPTOP), slug, await house.issueOne(slug, "moderator"), "Mo");
  const stage = await Stage.stepOn(await newFan({ viewport: { width: 1920, height: 1080 } }), house, slug);

  await marit.ask(BOAT);
  await zeynep.vote(BOAT).click();
  await expect(stage.queue).not.toContainText(BOAT);
  await mo.open("Questions");
  await expect(mo.panel).toContainText(BOAT);
  await mo.panel.getByRole("button", { name: /^Let in/ }).first().click();
  await expect(stage.asked).toHaveText([BOAT]);

  await stage.press("PageDown");
  for (const fan of [marit, zeynep]) {
    await expect(fan.spotlight).toContainText(BOAT);
    await expect(fan.spotlight).toContainText("1 asked");
  }
  for (const emoji of ["👏", "❤️"]) await zeynep.reaction(emoji).click();
  await expect(stage.feel).toContainText("👏");

  await stage.press("a");
  await stage.page.keyboard.type(NO);
  await stage.press("Enter");
  await stage.isTold("Answered in words.");
  for (const fan of [marit, zeynep, mo.fan]) {
    await expect(fan.row(NO)).toHaveAttribute("data-role", "artist");
    await expect(fan.row(NO).locator(".message__quote")).toContainText(BOAT);
    await expect(fan.spotlight).toHaveCount(0);
    await expect(fan.row(BOAT)).toContainText("Answered");
  }
  await expect(stage.queue).not.toContainText(BOAT);
});
