// The crew keeps the room a good place: what a moderator does, what it undoes, and what the others see of it.

import type { Page } from "@playwright/test";
import { Desk } from "../support/desk.ts";
import { LAPTOP, evening } from "../support/evening.ts";
import { expectForEverybody } from "../support/everybody.ts";
import { expectFits } from "../support/fits.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";

/** Up to four people in browsers of their own, and many steps: a story takes a while on a machine that is busy. */
test.describe.configure({ timeout: 180_000 });

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test("a fan’s page never asks for anything of the desk", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  const asked: string[] = [];
  fan.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("just a fan");
  await fan.page.reload();
  await fan.sees("just a fan");
  expect(asked.filter((path) => path.includes("crew"))).toEqual([]);
  await expect(fan.page.getByRole("switch")).toHaveCount(0);
});

test("admin mode is a switch: off leaves nothing of it behind, and it is remembered", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan(LAPTOP);
  await fan.walkIn(slug, await house.issueOne(slug, "moderator"), "Mo");
  const mo = new Desk(fan);
  await expect(mo.switch).not.toBeChecked();
  await expect(mo.bar).toHaveCount(0);
  await fan.say("good evening");
  await fan.row("good evening").click();
  await expect(mo.acts).toHaveCount(0);

  await mo.switchOn();
  await expect(fan.room).toHaveClass(/room--admin/);
  await fan.page.reload();
  await expect(mo.bar).toBeVisible();
  await expect(mo.switch).toBeChecked();
  await mo.switch.uncheck();
  await expect(mo.bar).toHaveCount(0);
  await expect(fan.room).not.toHaveClass(/room--admin/);
  await fan.page.reload();
  await expect(mo.switch).not.toBeChecked();
});

test("a moderator whom the desk does not reach keeps the chat, and tries again", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan(LAPTOP);
  fan.mayLog(/net::ERR_FAILED/);
  await fan.page.route(/\/crew-.*\.wasm/, (route) => route.abort());
  await fan.walkIn(slug, await house.issueOne(slug, "moderator"), "Mo");
  await expect(fan.page.getByText("The crew’s desk could not be fetched. The chat works without it.")).toBeVisible();
  await fan.say("I am here all the same");
  await fan.page.unroute(/\/crew-.*\.wasm/);
  await fan.press("Try again");
  await expect(new Desk(fan).switch).toBeVisible();
  await fan.sees("I am here all the same");
});

test("a message is hidden and shown again, with its reason for the crew", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("FREE TICKETS");
  await mo.select("FREE TICKETS");
  await expect(mo.acts).toContainText("On crypto_kenny");
  await mo.act("Spam");
  await mo.act(/^Hide this message/);
  await mo.isTold("Message hidden. crypto_kenny");
  await expect(marit.row("FREE TICKETS")).toHaveCount(0);
  await expect(mo.line("FREE TICKETS")).toContainText("Hidden by Mo, spam");
  await mo.undo();
  await mo.isTold("Message shown again.");
  await marit.sees("FREE TICKETS");
  await expect(mo.line("FREE TICKETS")).not.toContainText("Hidden");
});

test("everything goes by keyboard", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("first");
  await kenny.say("second");
  await mo.fan.sees("second");
  await mo.fan.log.focus();
  await mo.press("ArrowUp");
  await expect(mo.selected).toContainText("second");
  await expect(mo.selected).toBeFocused();
  await mo.press("ArrowUp");
  await expect(mo.selected).toContainText("first");
  await mo.press("h");
  await mo.isTold("Message hidden.");
  await expect(marit.row("first")).toHaveCount(0);
  await expect(mo.selected).toBeFocused();
  await mo.press("u");
  await marit.sees("first");

  await mo.press("m");
  await expect(mo.acts.getByRole("button", { name: "Mute for 10 s" })).toBeFocused();
  await mo.press("2");
  await mo.isTold("Muted for 1 min. crypto_kenny");
  await mo.press("u");
  await mo.isTold("No longer muted.");

  await mo.press("p");
  await mo.isTold("Pinned above the chat.");
  await mo.press("u");
  await mo.isTold("Nothing is pinned.");

  await mo.press("c");
  await expect(mo.acts.getByRole("button", { name: "Clear the last 1 min" })).toBeFocused();
  await mo.press("1");
  await mo.isTold("Last 1 min cleared.");
  await expect(marit.row("second")).toHaveCount(0);
  await mo.press("u");
  await mo.isTold("Cleared messages are back.");
  await marit.sees("second");

  await mo.press("b");
  await expect(mo.acts.getByRole("group", { name: "Ban?" })).toBeVisible();
  await mo.press("Escape");
  await expect(mo.acts.getByRole("group", { name: "Ban?" })).toHaveCount(0);
  await expect(mo.selected).toBeFocused();
  await mo.press("b", "Enter");
  await mo.isTold("Banned, all messages hidden.");
  await expect(kenny.heading("You are out of the chat.")).toBeVisible();
  await mo.press("u");
  await mo.isTold("No longer banned.");
  await marit.sees("first", "second");

  await mo.press("?");
  await expect(mo.fan.page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await mo.press("Escape");
  await mo.press("Escape");
  await expect(mo.acts).toHaveCount(0);
  await expect(mo.fan.log).toBeFocused();
});

test("a card that comes late does not speak for what was done meanwhile", async ({ house, newFan }) => {
  const { mo, kenny } = await evening({ house, newFan });
  await kenny.say("hello");
  await mo.fan.sees("hello");
  let come = (): void => undefined;
  const mayCome = new Promise<void>((resolve) => (come = resolve));
  const cards: { muted_until: number | null }[] = [];
  let asked = 0;
  await mo.fan.page.route(/\/members\/[^/]+$/, async (route) => {
    // The first one is of before the mute and comes after it; those that would put it right do not come.
    if (asked++ > 0) return;
    const response = await route.fetch();
    cards.push((await response.json()) as { muted_until: number | null });
    await mayCome;
    await route.fulfill({ response });
  });
  await mo.select("hello");
  await expect.poll(() => cards.length).toBe(1);
  expect(cards[0]!.muted_until).toBeNull();
  await mo.act("Mute for 1 min");
  await mo.isTold("Muted for 1 min. crypto_kenny");
  const came = mo.fan.page.waitForEvent("requestfinished", (request) => /\/members\/[^/]+$/.test(request.url()));
  come();
  await came;
  await mo.fan.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await mo.undo();
  await mo.isTold("No longer muted. crypto_kenny");
  await kenny.say("thank you");
});

test("keys are letters where somebody types", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("hello");
  await mo.select("hello");
  await mo.fan.field.click();
  await mo.fan.page.keyboard.type("hbmpu?");
  await expect(mo.fan.field).toHaveValue("hbmpu?");
  await expect(mo.toast).toHaveCount(0);
  await mo.fan.log.focus();
  await mo.press("Control+h", "Alt+b", "Shift+P");
  await expect(mo.toast).toHaveCount(0);
  await marit.sees("hello");
});

test("slow mode and pause are set for the room, and taken back", async ({ house, newFan }) => {
  const { mo } = await evening({ house, newFan });
  await mo.tool(/^Slow/).click();
  await mo.fan.page.getByRole("button", { name: "Too fast", exact: true }).click();
  await mo.fan.page.getByRole("button", { name: "10 s", exact: true }).click();
  await mo.isTold("Slow mode: one message in 10 s.");
  await expect(mo.tool("Slow: 10 s")).toBeVisible();
  await mo.tool(/^Slow/).click();
  await mo.fan.page.getByLabel("Another time").fill("2 min");
  await mo.fan.page.getByLabel("Another time").press("Enter");
  await expect(mo.tool("Slow: 2 min")).toBeVisible();
  await mo.undo();
  await expect(mo.tool("Slow: 10 s")).toBeVisible();
  await mo.tool("Pause chat").click();
  await expect(mo.fan.page.getByRole("button", { name: "Pause", exact: true })).toBeFocused();
  await mo.press("Escape");
  await expect(mo.fan.page.getByRole("button", { name: "Pause", exact: true })).toHaveCount(0);
  await mo.tool("Pause chat").click();
  await mo.fan.page.getByRole("button", { name: "Other…", exact: true }).click();
  await mo.fan.page.getByLabel("Reason in your words").fill("doors in the hall");
  await mo.fan.page.getByLabel("Reason in your words").press("Enter");
  await mo.isTold("Chat paused");
  await expect(mo.tool("Resume chat")).toBeVisible();
  await mo.press("u");
  await expect(mo.tool("Pause chat")).toBeVisible();
  await mo.open("Audit");
  await expect(mo.panel).toContainText("too fast");
  await expect(mo.panel).toContainText("doors in the hall");
});

test("a person is muted, held, renamed and banned, and all of it undone", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("who wants free stuff");
  await mo.select("who wants free stuff");
  await mo.act("Mute for 10 min");
  await mo.isTold("Muted for 10 min. crypto_kenny");
  await mo.undo();
  await mo.isTold("No longer muted.");
  await mo.act("Mute for another time");
  await mo.fan.page.getByLabel("Mute for", { exact: true }).fill("never");
  await mo.act("Do it");
  await expect(mo.acts).toContainText("A time like 30 s, 5 min or 2 h, at most 24 h.");
  await mo.fan.page.getByLabel("Mute for", { exact: true }).fill("90 s");
  await mo.act("Do it");
  await mo.isTold("Muted for 1 min 30 s.");
  await mo.undo();
  await mo.act("More");
  await mo.act("Rename");
  await mo.isTold("Nickname changed, on all messages.");
  await expect(marit.row("who wants free stuff")).not.toContainText("crypto_kenny");
  await mo.undo();
  await mo.isTold("Nickname from before is back.");
  await expect(marit.row("who wants free stuff")).toContainText("crypto_kenny");
  await mo.act("Hold all messages");
  await mo.isTold("All their messages wait for the crew now.");
  await mo.undo();
  await mo.isTold("Their messages no longer wait.");
  await mo.act(/^Ban, and hide/);
  await mo.isTold("Banned, all messages hidden. crypto_kenny");
  await expect(marit.row("who wants free stuff")).toHaveCount(0);
  await mo.undo();
  await marit.sees("who wants free stuff");
});

test("staff are not acted on", async ({ house, newFan }) => {
  const { mo } = await evening({ house, newFan });
  await mo.fan.say("a line of the crew");
  await mo.select("a line of the crew");
  await expect(mo.acts).toContainText("Staff are managed with their passes.");
  await expect(mo.acts.getByRole("button", { name: /Ban|Mute/ })).toHaveCount(0);
  await mo.press("b");
  await expect(mo.acts.getByRole("group", { name: "Ban?" })).toHaveCount(0);
});

test("without a connection nothing is done, and that is said", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("hello");
  await mo.select("hello");
  for (const fan of [mo.fan, marit, kenny]) fan.mayLog(...NO_LINE);
  await house.kill();
  await expect(mo.fan.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
  await mo.press("h");
  await mo.isTold("There is no connection. Nothing was done.");
  await expect(mo.panel).toContainText("No connection: this may be old.");
});

test("who is no longer a moderator has no tools within a second", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const pass = await house.issueOne(slug, "moderator");
  const mo = await Desk.sitDown(await newFan(LAPTOP), slug, pass, "Mo");
  await house.setRole(slug, pass, "fan");
  await expect(mo.bar).toHaveCount(0);
  await expect(mo.switch).toHaveCount(0);
  await mo.fan.isInTheChat();
});

test("on a phone a long press selects, and the desk is a drawer", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan }, PHONE);
  await kenny.say("spoiler: she plays it last");
  await mo.fan.sees("spoiler: she plays it last");
  await longPress(mo.fan.page, "spoiler: she plays it last");
  await expect(mo.acts).toContainText("On crypto_kenny");
  await mo.act("Spoiler");
  await mo.act(/^Hide this message/);
  await mo.isTold("Message hidden.");
  await expect(mo.acts).toHaveCount(0);
  await expect(mo.fan.log).toBeFocused();
  await expect(marit.row("spoiler: she plays it last")).toHaveCount(0);
  await mo.undo();
  await marit.sees("spoiler: she plays it last");
  await mo.open("Reports");
  await expect(mo.panel).toBeVisible();
  await mo.panel.getByRole("button", { name: "Close" }).click();
  await expect(mo.panel).toBeHidden();
});

test("a troll who is banned comes back by no way", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const troll = await newFan();
  await troll.walkIn(slug, code, "crypto_kenny");
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  const mo = await Desk.sitDown(await newFan(LAPTOP), slug, await house.issueOne(slug, "moderator"), "Mo");
  for (const line of ["buy my coin", "buy it now", "last chance"]) await troll.say(line);
  await marit.sees("buy my coin", "buy it now", "last chance");
  await mo.select("buy it now");
  await mo.act("Ban, and hide all 3 messages");
  await mo.isTold("Banned, all messages hidden. crypto_kenny");

  const out = "You are out of the chat.";
  await expect(troll.heading(out)).toBeVisible();
  await expect(troll.field).toHaveCount(0);
  for (const line of ["buy my coin", "buy it now", "last chance"]) await expect(marit.row(line)).toHaveCount(0);
  await expect(troll.video).toBeVisible();

  troll.mayLog(status(403));
  await troll.page.reload();
  await expect(troll.heading(out)).toBeVisible();

  const phone = await newFan();
  phone.mayLog(status(409), status(403));
  await phone.openGate(slug);
  await phone.enter(code);
  await phone.press("Move my seat here");
  await expect(phone.heading(out)).toBeVisible();
  await expect(phone.field).toHaveCount(0);
  const renamed = await phone.page.evaluate(async (event) => {
    const body = JSON.stringify({ nickname: "somebody else" });
    const answer = await fetch(`/api/events/${event}/nickname`, { method: "PUT", body, headers: { "content-type": "application/json" } });
    return answer.status;
  }, slug);
  expect(renamed).toBe(403);
  const credential = await phone.page.evaluate(async (event) => (await fetch(`/api/events/${event}/credentials`, { method: "POST" })).status, slug);
  expect(credential).toBe(403);
  await marit.say("so quiet now");
  await mo.fan.sees("so quiet now");
});

test("two moderators work off the same reports, and see each other do it", async ({ house, newFan }) => {
  const { slug, mo, marit, kenny } = await evening({ house, newFan });
  const ines = await Desk.sitDown(await newFan(LAPTOP), slug, await house.issueOne(slug, "moderator"), "Ines");
  await expect(mo.panel).toContainText("Nothing is reported.");
  await kenny.say("FREE TICKETS");
  await kenny.say("she is miming");
  await marit.report("FREE TICKETS", "Spam");
  for (const desk of [mo, ines]) {
    await expect(desk.tool(/^Reports/)).toContainText("1");
    await expect(desk.panel).toContainText("FREE TICKETS");
    await expect(desk.panel).toContainText("spam");
  }

  await ines.panel.getByRole("button", { name: "Select this message" }).click();
  await expect(ines.acts).toContainText("1 report");
  await expect(mo.panel).toContainText("Ines looks at this too");
  await mo.select("FREE TICKETS");
  await expect(mo.acts).toContainText("Ines looks at this too");
  await expect(ines.acts).toContainText("Mo looks at this too");

  await mo.panel.getByRole("button", { name: "Hide" }).click();
  await mo.isTold("Message hidden. crypto_kenny");
  await expect(ines.panel).toContainText("Nothing is reported.");
  await expect(ines.line("FREE TICKETS")).toContainText("Hidden by Mo, spam");
  await mo.undo();
  await expect(ines.panel).toContainText("FREE TICKETS");
  await ines.panel.getByRole("button", { name: "Dismiss" }).click();
  await expect(mo.panel).toContainText("Nothing is reported.");
  await ines.undo();
  await expect(mo.panel).toContainText("FREE TICKETS");

  await mo.panel.getByRole("button", { name: "Ban…" }).click();
  await expect(mo.acts.getByRole("button", { name: "Ban, and hide all 2 messages" })).toBeFocused();
  await mo.press("Enter");
  await mo.isTold("Banned, all messages hidden.");
  await expect(kenny.heading("You are out of the chat.")).toBeVisible();
  await expect(ines.panel).toContainText("Nothing is reported.");
});

test("held messages wait for the crew, and are let in or dropped", async ({ house, newFan }) => {
  const { slug, mo, marit, kenny } = await evening({ house, newFan });
  const ines = await Desk.sitDown(await newFan(LAPTOP), slug, await house.issueOne(slug, "moderator"), "Ines");
  await kenny.say("hello");
  await mo.select("hello");
  await mo.act("More");
  await mo.act("Hold all messages");
  await mo.isTold("All their messages wait for the crew now.");
  await kenny.send("may I");
  await expect(ines.tool(/^Reports/)).toContainText("1");
  await ines.panel.getByRole("button", { name: /^Held/ }).click();
  await expect(ines.panel).toContainText("may I");
  await ines.panel.getByRole("button", { name: "Approve" }).click();
  await ines.isTold("Message let into the chat.");
  await marit.sees("may I");
  await kenny.send("and this");
  await expect(ines.panel).toContainText("and this");
  await ines.panel.getByRole("button", { name: "Drop" }).click();
  await ines.isTold("Message dropped.");
  await expect(ines.toast.getByRole("button", { name: /^Undo/ })).toBeVisible();
  await expect(ines.panel).toContainText("No message waits.");
  await expect(kenny.row("and this")).toContainText("A moderator decided against it.");
  await expect(marit.row("and this")).toHaveCount(0);
});

test("anybody is found among the people, and has a card with notes", async ({ house, newFan }) => {
  const { mo, kenny } = await evening({ house, newFan });
  await kenny.say("who wants free stuff");
  await mo.open("People");
  await expect(mo.panel.locator(".person")).toHaveCount(3);
  await mo.panel.getByLabel("Search nicknames").fill("kenny");
  await expect(mo.panel.locator(".person")).toHaveText([/crypto_kenny/]);
  await mo.panel.locator(".person").click();
  await expect(mo.card.getByRole("heading", { name: "crypto_kenny" })).toBeFocused();
  await expect(mo.card).toContainText("Fan, online");
  await expect(mo.card).toContainText("1 message");
  await expect(mo.card).toContainText("who wants free stuff");
  await mo.press("n");
  await expect(mo.card.getByLabel("Note for the crew")).toBeFocused();
  await mo.fan.page.keyboard.type("Says the link is his band.");
  await mo.press("Enter");
  await mo.isTold("Note written.");
  await expect(mo.card).toContainText("Says the link is his band.");
  await mo.card.getByRole("button", { name: "Mute for 1 min" }).click();
  await expect(mo.card).toContainText("Muted until");
  await expect(mo.panel.locator(".person")).toContainText("Muted");
  await mo.panel.getByLabel("Search nicknames").fill("nobody");
  await expect(mo.panel).toContainText("Nobody fits.");
  await mo.panel.getByLabel("Search nicknames").fill("");
  await mo.panel.getByLabel("State").selectOption("Muted");
  await expect(mo.panel.locator(".person")).toHaveText([/crypto_kenny/]);
});

test("a word of the list acts at once, and one that is taken out no longer", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await mo.open("Words");
  await expect(mo.panel).toContainText("No rules yet");
  await mo.panel.getByLabel("Word or words").fill("scalper");
  await mo.panel.getByLabel("What happens").selectOption("Refuse");
  await mo.panel.getByLabel("A word to the sender").fill("No selling here, please.");
  await mo.panel.getByRole("button", { name: "Add" }).click();
  await expect(mo.panel).toContainText("1 added. The list has 1 now.");
  await kenny.send("I am a SCALPER");
  await expect(kenny.row("I am a SCALPER")).toContainText("No selling here, please.");
  await expect(marit.row("I am a SCALPER")).toHaveCount(0);
  await mo.panel.getByRole("button", { name: "Take out scalper" }).click();
  await mo.isTold("Rule taken out. scalper");
  await expect(mo.panel).toContainText("No rules yet");
  await mo.undo();
  await expect(mo.panel.locator(".rule")).toHaveText([/scalper/]);

  await mo.panel.getByText("A file of words").click();
  const buffer = Buffer.from("# words\nspoiler\tprefix\thold\nbuy here\nspoiler\tprefix\tkick\n");
  await mo.panel.getByLabel("File of words").setInputFiles({ name: "words.txt", mimeType: "text/plain", buffer });
  await mo.panel.getByRole("button", { name: "Upload" }).click();
  await expect(mo.panel).toContainText("2 added, 1 line is no rule. The list has 3 now.");
  await expect(mo.panel).toContainText("Line 4:");
  await kenny.send("spoilers: she plays it last");
  await expect(mo.tool(/^Reports/)).toContainText("1");
});

test("the audit log says who did what, and can be taken along", async ({ house, newFan }) => {
  const { mo, kenny } = await evening({ house, newFan });
  await kenny.say("hello");
  await mo.select("hello");
  await mo.act("Insult");
  await mo.act(/^Hide this message/);
  await mo.isTold("Message hidden.");
  await mo.press("m", "1");
  await mo.isTold("Muted for 10 s.");
  await mo.open("Audit");
  await expect(mo.panel.locator(".deed")).toHaveText([/Mo muted crypto_kenny for 10 s/, /Mo hid a message of crypto_kenny\s*insult/]);
  await mo.panel.getByLabel("What").selectOption("Hidden");
  await expect(mo.panel.locator(".deed")).toHaveText([/Mo hid a message of crypto_kenny/]);
  for (const [name, file] of [["CSV", /crypto_kenny/], ["JSON", /"kind":\s*"hide"/]] as const) {
    const coming = mo.fan.page.waitForEvent("download");
    await mo.panel.getByRole("link", { name }).click();
    const stream = await (await coming).createReadStream();
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(file);
  }
});

/** A finger that rests on a line. */
async function longPress(page: Page, text: string): Promise<void> {
  const box = await page.getByText(text, { exact: true }).boundingBox();
  if (!box) throw new Error(`nothing to press: ${text}`);
  const finger = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + 20, y: box.y + box.height / 2 }];
  await finger.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await expect(page.locator(".message--selected")).toContainText(text);
  await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

test("every view of the desk is for everybody", async ({ house, newFan }) => {
  const { mo, kenny } = await evening({ house, newFan });
  await kenny.say("FREE TICKETS for the afterparty");
  await mo.select("FREE TICKETS for the afterparty");
  await mo.act("Other…");
  await expect(mo.fan.page.getByLabel("Reason in your words")).toBeFocused();
  await expectForEverybody(mo.fan, "acts");
  await mo.act(/^Hide this message/);
  await mo.isTold("Message hidden.");
  await expectForEverybody(mo.fan, "a toast and a hidden line");
  for (const panel of ["Reports", "Questions", "People", "Words", "Audit"]) {
    await mo.open(panel);
    await expect(mo.panel).toBeVisible();
    await expectForEverybody(mo.fan, panel);
  }
});

test("the desk fits the narrowest phone", async ({ house, newFan }) => {
  const { mo, kenny } = await evening({ house, newFan });
  await kenny.say("FREE TICKETS for the afterparty");
  await expect(mo.fan.log).toContainText("FREE TICKETS");
  await mo.fan.page.setViewportSize({ width: 320, height: 568 });
  for (const panel of ["Questions", "People", "Words", "Audit", "Reports"]) {
    await mo.open(panel);
    await expectFits(mo.fan.page);
    await mo.panel.getByRole("button", { name: "Close" }).click();
  }
  await mo.fan.log.focus();
  await mo.press("ArrowUp");
  await expect(mo.acts).toBeVisible();
  await expectFits(mo.fan.page);
  await mo.press("n");
  await expect(mo.card).toBeVisible();
  await expectFits(mo.fan.page);
});
