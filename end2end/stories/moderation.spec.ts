// Moderation as fans meet it: what a moderator does is on every screen at once, whatever its owner was doing.

import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import type { Moderator } from "../support/moderator.ts";
import { expect, status, test } from "../support/story.ts";

/** What comes back without its text is read again within five seconds. */
const READ_AGAIN = { timeout: 15_000 };

interface People {
  slug: string;
  marit: Fan;
  troll: Fan;
  crew: Moderator;
  trollsTicket: string;
}

/** Two fans in the room, and a moderator at work. */
async function gather(
  { house, newFan, newModerator }: { house: House; newFan: () => Promise<Fan>; newModerator: (slug: string) => Promise<Moderator> },
  show: Parameters<House["announce"]>[0] = {},
): Promise<People> {
  const { slug } = await house.announce(show);
  const [one, two] = await house.issue(slug, 2);
  const [marit, troll] = [await newFan(), await newFan()];
  await marit.walkIn(slug, one!, "Marit");
  await troll.walkIn(slug, two!, "bass_drop_88");
  return { slug, marit, troll, crew: await newModerator(slug), trollsTicket: two! };
}

test("a hidden line is gone from every screen at once, and comes back with its words", async ({ house, newFan, newModerator }) => {
  const { slug, marit, troll, crew } = await gather({ house, newFan, newModerator });
  await troll.say("she is miming");
  await troll.say("FREE TICKETS");
  await marit.sees("FREE TICKETS");

  await crew.hide("FREE TICKETS");
  const late = await newFan();
  await late.walkIn(slug, await house.issueOne(slug), "latecomer");
  for (const fan of [marit, troll, late]) {
    await expect(fan.hidden).toHaveCount(1);
    await expect(fan.words).toHaveText(["she is miming"]);
    expect(await fan.page.content(), "nowhere in the page").not.toContain("FREE TICKETS");
  }
  await marit.page.reload();
  await expect(marit.hidden).toHaveCount(1);

  await crew.unhide("FREE TICKETS");
  for (const fan of [marit, troll, late]) {
    await expect(fan.words).toHaveText(["she is miming", "FREE TICKETS"]);
    await expect(fan.hidden).toHaveCount(0);
  }
});

test("what was hidden while a fan had no line is gone when they are back", async ({ house, newFan, newModerator }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, troll] = [await newFan(), await newFan()];
  let cut = () => {};
  let isCut = false;
  await marit.page.routeWebSocket(/\/socket/, (socket) => {
    if (isCut) return void socket.close({ code: 4000 });
    socket.connectToServer();
    cut = () => void socket.close({ code: 4000 });
  });
  await marit.walkIn(slug, one!, "Marit");
  await troll.walkIn(slug, two!, "bass_drop_88");
  const crew = await newModerator(slug);
  await troll.say("FREE TICKETS");
  await marit.sees("FREE TICKETS");

  isCut = true;
  cut();
  await expect(marit.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
  await crew.hide("FREE TICKETS");
  await troll.say("said while she was away");
  isCut = false;
  await marit.sees("said while she was away");
  await expect(marit.words).toHaveText(["said while she was away"]);
  await expect(marit.hidden).toHaveCount(1);
});

test.describe("with a long evening behind it", () => {
  test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

  test("a reader far up stays with their line while others are hidden and come back", async ({ house, newFan, newVoice, newModerator }) => {
    const { slug } = await house.announce();
    const [calm, loud] = [await newVoice(slug, "zeynep"), await newVoice(slug, "bass_drop_88")];
    for (let round = 0; round < 20; round += 1) {
      await calm.say(...Array.from({ length: 8 }, (_, line) => `calm ${round}.${line}`));
      await loud.say(...Array.from({ length: 2 }, (_, line) => `loud ${round}.${line}`));
    }
    const marit = await newFan();
    await marit.walkIn(slug, await house.issueOne(slug), "Marit");
    await marit.sees("loud 19.1");
    await marit.log.evaluate((log) => void (log.scrollTop = log.scrollHeight / 2));
    const crew = await newModerator(slug);
    const place = () =>
      marit.log.evaluate((log) => {
        const view = log.getBoundingClientRect();
        const row = [...log.querySelectorAll(".message")].find((row) => row.getBoundingClientRect().top > view.top + 80 && row.textContent?.includes("calm"));
        return { text: row?.querySelector(".message__text")?.textContent ?? "", top: row?.getBoundingClientRect().top ?? 0 };
      });
    const rowsTop = (text: string) => marit.row(text).evaluate((row) => row.getBoundingClientRect().top);
    const before = await place();

    await crew.actOn("ban", "loud 19.1");
    await expect(marit.words.filter({ hasText: "loud" })).toHaveCount(0);
    expect(Math.abs((await rowsTop(before.text)) - before.top), "hidden around it").toBeLessThanOrEqual(2);

    await crew.actOn("unban", "loud 19.1");
    await expect(marit.hidden).toHaveCount(0, READ_AGAIN);
    await expect(marit.words.filter({ hasText: "loud" }).first()).toBeAttached();
    expect(Math.abs((await rowsTop(before.text)) - before.top), "back around it").toBeLessThanOrEqual(2);
  });
});

test("who is banned is out of the chat on every device, and back in after the ban", async ({ house, newFan, newModerator }) => {
  test.slow(); // four pages and every way back in
  const { slug, marit, troll, crew, trollsTicket } = await gather({ house, newFan, newModerator });
  troll.mayLog(status(403));
  await troll.say("first insult");
  await troll.say("second insult");
  await marit.sees("second insult");
  await crew.actOn("ban", "first insult", { reason: "insults" });

  await expect(troll.heading("You are out of the chat.")).toBeVisible();
  await expect(troll.video).toBeVisible();
  await expect(marit.hidden).toHaveCount(2);
  await troll.page.reload();
  await expect(troll.heading("You are out of the chat.")).toBeVisible();

  const phone = await newFan();
  phone.mayLog(status(409), status(403));
  await phone.openGate(slug);
  await phone.enter(trollsTicket);
  await phone.press("Move my seat here");
  await expect(phone.heading("You are out of the chat.")).toBeVisible();
  const renamed = await phone.page.evaluate(async (slug) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`/api/events/${slug}/nickname`, { method: "PUT", headers, body: JSON.stringify({ nickname: "somebody new" }) });
    return answer.status;
  }, slug);
  expect(renamed).toBeGreaterThanOrEqual(400);

  await crew.act("pause");
  await crew.actOn("unban", "first insult");
  await phone.page.evaluate(() => void window.dispatchEvent(new Event("focus")));
  await phone.isInTheChat();
  await crew.act("resume");
  await expect(marit.words).toHaveText(["first insult", "second insult"], READ_AGAIN);
  await phone.page.reload();
  await phone.isInTheChat();
  await phone.say("sorry");
  await marit.sees("sorry");
});

test("slow mode counts down, keeps draft and focus, and sends the line when it may go", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await crew.act("slow", { seconds: 20 });
  await marit.say("first");
  await expect(marit.page.getByText(/^Slow mode, you can send/)).toBeVisible();
  await marit.field.fill("second");
  await marit.field.press("Enter");
  await expect(marit.page.getByText(/^Slow mode, goes out in \d+ s /)).toBeVisible();
  await expect(marit.field).toHaveValue("second");
  await expect(marit.field).toBeFocused();
  await expect(troll.row("second")).toBeVisible({ timeout: 30_000 });
  await expect(marit.field).toHaveValue("");
  await expect(marit.field).toBeFocused();

  // Long enough for the slowest hands.
  await crew.act("slow", { seconds: 600 });
  await marit.field.fill("third");
  await marit.field.press("Enter");
  await marit.press("Hold it instead");
  await expect(marit.field).toHaveValue("third");
  await expect(marit.field).toBeFocused();
  await crew.act("slow", { seconds: 0 });
  await expect(marit.button("Send")).toBeVisible();
  await expect(marit.field).toHaveValue("third");

  await marit.send("fourth");
  await crew.act("slow", { seconds: 600 });
  await expect(marit.page.getByText(/^Slow mode/)).toBeVisible();
  await crew.act("slow", { seconds: 0 });
  await expect(marit.page.getByText(/^Slow mode/)).toHaveCount(0);
  await marit.say("fifth, at once");
});

test("a draft that was to go out by itself stays when the chat pauses, and when it is emptied", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await crew.act("slow", { seconds: 600 });
  await marit.say("first");
  await marit.field.fill("second");
  await marit.field.press("Enter");
  await expect(marit.page.getByText(/^Slow mode, goes out/)).toBeVisible();
  await marit.field.fill("");
  await expect(marit.page.getByText(/^Slow mode, you can send/)).toBeVisible();
  await marit.field.fill("second");
  await marit.field.press("Enter");
  await expect(marit.page.getByText(/^Slow mode, goes out/)).toBeVisible();

  await crew.act("pause");
  await expect(marit.page.getByText(/^The crew has paused the chat/)).toBeVisible();
  await marit.field.fill("a second thou");
  await crew.act("slow", { seconds: 0 });
  await crew.act("resume");
  await expect(marit.page.getByText(/^The crew has paused the chat/)).toHaveCount(0);
  await troll.say("last");
  await marit.sees("last");
  await expect(marit.words).toHaveText(["first", "last"]);
  await expect(marit.field).toHaveValue("a second thou");
});

test("lines that wait for the end of a pause are taken back in their order", async ({ house, newFan, newModerator }) => {
  const { slug } = await house.announce();
  const marit = await newFan();
  const crossing: (string | Buffer)[] = [];
  let crosses = false;
  await marit.page.routeWebSocket(/\/socket/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      // The pause, and the answers to lines that were sent before it was known.
      if (crosses) crossing.push(message);
      else socket.send(message);
      const answers = crossing.filter((message) => /refused/.test(String(message))).length;
      if (answers < 2) return;
      crosses = false;
      crossing.splice(0).forEach((message) => socket.send(message));
    });
  });
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  const crew = await newModerator(slug);
  crosses = true;
  await crew.act("pause");
  await marit.send("one");
  await marit.send("two");
  await expect(marit.page.getByText(/^The crew has paused the chat/)).toBeVisible();
  await marit.press("Hold it instead");
  await expect(marit.field).toHaveValue("one\ntwo");
  await expect(marit.field).toBeFocused();
  await expect(marit.rows).toHaveCount(0);
});

test("a line that was sent before slow mode was known goes out in its turn, or is taken back", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await crew.act("slow", { seconds: 60 });
  await marit.say("first");
  await marit.page.reload();
  await marit.isInTheChat();
  await marit.send("second");
  await expect(marit.page.getByText(/^Slow mode, goes out in \d+ s /)).toBeVisible();
  await expect(marit.row("second")).toHaveAttribute("data-state", "pending");
  await marit.press("Hold it instead");
  await expect(marit.field).toHaveValue("second");
  await expect(marit.row("second")).toHaveCount(0);
  await marit.field.press("Enter");
  await expect(marit.page.getByText(/^Slow mode, goes out/)).toBeVisible();
  await crew.act("slow", { seconds: 0 });
  await troll.sees("second");
});

test("who is muted sees for how long, may write on, and sends again when it is over", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await troll.say("la");
  await troll.field.fill("la la");
  await crew.actOn("mute", "la", { seconds: 600 });
  await expect(troll.page.getByText(/^A moderator muted you\. You can send again in (10:00|9:\d\d) about 10 minutes$/)).toBeVisible();
  await expect(troll.field).toBeFocused();
  await troll.field.press("Enter");
  await expect(troll.field).toHaveValue("la la");
  await troll.page.reload();
  await expect(troll.page.getByText(/^A moderator muted you/)).toBeVisible();
  await expect(troll.field).toHaveValue("la la");

  await crew.actOn("mute", "la", { seconds: 0 });
  await expect(troll.page.getByText(/^A moderator muted you/)).toHaveCount(0);
  await troll.field.press("Enter");
  await marit.sees("la la");
  await crew.actOn("mute", "la", { seconds: 2 });
  await expect(troll.page.getByText(/^A moderator muted you/)).toBeVisible();
  await expect(troll.page.getByText(/^A moderator muted you/)).toHaveCount(0);
  await troll.say("la la la");
});

test("a pause is lived through with draft and focus, and the artist goes on", async ({ house, newFan, newVoice, newModerator }) => {
  const { slug, marit, crew } = await gather({ house, newFan, newModerator });
  await marit.field.fill("half a sen");
  await crew.act("pause");
  await expect(marit.page.getByText("The crew has paused the chat for a moment. Your draft is safe.")).toBeVisible();
  await expect(marit.field).toBeFocused();
  await marit.field.pressSequentially("tence");
  await marit.field.press("Enter");
  await expect(marit.field).toHaveValue("half a sentence");
  await (await newVoice(slug, null, "artist")).say("Hello Osaka.");
  await marit.sees("Hello Osaka.");

  await crew.act("resume");
  await expect(marit.page.getByText("The crew has paused the chat")).toHaveCount(0);
  await expect(marit.field).toBeFocused();
  await marit.field.press("Enter");
  await marit.sees("half a sentence");
});

test("a pin is held above the chat until it is taken or put away", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await troll.say("<b>picture stuck?</b> reload once");
  await troll.say("the doors close at ten");
  await crew.act("pin", { target: (await crew.line("<b>picture stuck?</b> reload once")).seq });
  await expect(marit.pin).toContainText("bass_drop_88 <b>picture stuck?</b> reload once");
  await marit.press("Put the pinned message away");
  await expect(marit.pin).toHaveCount(0);
  await marit.page.reload();
  await marit.isInTheChat();
  await expect(troll.pin).toBeVisible();
  await expect(marit.pin).toHaveCount(0);

  await crew.act("pin", { target: (await crew.line("the doors close at ten")).seq });
  await expect(marit.pin).toContainText("the doors close at ten");
  await crew.hide("the doors close at ten");
  await expect(marit.pin).toHaveCount(0);
  await crew.unhide("the doors close at ten");
  await expect(marit.pin).toBeVisible();
  await marit.button("Put the pinned message away").focus();
  await crew.act("pin", { target: null });
  for (const fan of [marit, troll]) await expect(fan.pin).toHaveCount(0);
  await expect(marit.field).toBeFocused();

  await troll.say("صوتها الليلة أحلى");
  await crew.act("pin", { target: (await crew.line("صوتها الليلة أحلى")).seq });
  await expect(marit.pin.locator("p")).toHaveCSS("direction", "rtl");
});

test("a fan reports a line with the mouse, once", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await troll.say("FREE TICKETS");
  await marit.say("mine");
  await troll.sees("mine");
  const report = marit.button(/^Report this line/);
  await marit.row("mine").hover();
  await expect(report).toHaveCount(0);
  await marit.row("FREE TICKETS").hover();
  await report.click();
  const dialog = marit.page.getByRole("dialog");
  await dialog.getByText("Something else").click();
  await dialog.getByLabel("In a few words").fill("sells tickets");
  await dialog.getByRole("button", { name: "Report it" }).click();
  await expect(dialog.getByRole("heading", { name: "Thanks. The crew will look." })).toBeFocused();
  const told = await crew.hears("case");
  expect(told).toMatchObject({ count: 1, reasons: [{ reason: "sells tickets", count: 1 }] });
  await dialog.getByRole("button", { name: "Back to the chat" }).click();
  await expect(dialog).toHaveCount(0);
  await marit.page.reload();
  await marit.row("FREE TICKETS").hover();
  await expect(report).toHaveCount(0);
});

test("a fan reports a line with the keyboard alone", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await troll.say("one");
  await troll.say("two");
  await marit.sees("two");
  await marit.log.focus();
  await marit.page.keyboard.press("Tab");
  const report = marit.button("Report this line of bass_drop_88");
  await expect(report).toBeFocused();
  await marit.page.keyboard.press("ArrowUp");
  await expect(report).toBeFocused();
  await marit.page.keyboard.press("Enter");
  await expect(marit.page.getByRole("dialog", { name: "Report a line" })).toBeVisible();
  await marit.page.keyboard.press("ArrowDown");
  await marit.page.keyboard.press("Enter");
  await expect(marit.heading("Thanks. The crew will look.")).toBeVisible();
  const { message, reasons } = (await crew.hears("case")) as unknown as { message: { text: string }; reasons: { reason: string }[] };
  expect([message.text, reasons[0]?.reason]).toEqual(["one", "insult"]);
  await marit.page.keyboard.press("Escape");
  await expect(marit.log).toBeFocused();
});

test("a line that a rule holds waits for the crew, also across a reload", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await crew.forbid("afterparty", "hold");
  await troll.send("afterparty at mine");
  await expect(troll.row("afterparty at mine").getByText("Waiting for the crew")).toBeVisible();
  await troll.page.reload();
  await expect(troll.row("afterparty at mine").getByText("Waiting for the crew")).toBeVisible();
  const { held } = (await crew.hears("review")) as unknown as { held: number };
  await crew.act("approve", { held });
  await marit.sees("afterparty at mine");
  await expect(troll.row("afterparty at mine")).not.toHaveAttribute("data-state");
});

test("a line with a forbidden word stays with its author, with the organizer’s word on it", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await crew.forbid("afterparty", "refuse", { say: "No adverts in here, please." });
  const told = await troll.listen();
  await troll.send("afterparty at mine");
  await expect(troll.row("afterparty at mine")).toContainText("Not sent. No adverts in here, please.");
  expect(await told()).toContain("Your line was not sent. No adverts in here, please.");
  await troll.page.reload();
  await expect(troll.row("afterparty at mine")).toContainText("Not sent. No adverts in here, please.");
  await troll.press("Edit");
  await expect(troll.field).toHaveValue("afterparty at mine");
  await expect(troll.rows).toHaveCount(0);
  await troll.say("see you all tomorrow");
  await marit.seesExactly(["see you all tomorrow"]);
});

test("a nickname that a moderator changed is on every line, and its owner is told", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator });
  await troll.say("one");
  await marit.sees("one");
  await crew.actOn("rename", "one");
  const note = troll.page.getByText(/^The crew changed your nickname to /);
  await expect(note).toBeVisible();
  const name = (await note.locator("bdi").textContent()) ?? "";
  expect(name).not.toBe("bass_drop_88");
  for (const fan of [marit, troll]) await expect(fan.row("one").locator("bdi").first()).toHaveText(name);
  await troll.press("All right");
  await expect(note).toHaveCount(0);
  await troll.say("two");
  await expect(marit.row("two")).toHaveClass(/message--run/);
});

test("where an event leaves no trace, a hidden line takes no room", async ({ house, newFan, newModerator }) => {
  const { marit, troll, crew } = await gather({ house, newFan, newModerator }, { tombstones: "gone" });
  await troll.say("before");
  await marit.say("in between");
  await troll.sees("in between");
  await troll.say("after");
  await marit.sees("after");
  await crew.hide("in between");
  for (const fan of [marit, troll]) {
    await expect(fan.rows).toHaveCount(2);
    await expect(fan.row("after")).toHaveClass(/message--run/);
  }
  await crew.unhide("in between");
  for (const fan of [marit, troll]) await expect(fan.words).toHaveText(["before", "in between", "after"]);
});
