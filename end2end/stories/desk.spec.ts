// The desk while several work at it: lists that stay true, acts that are taken back, and what is nobody else's.

import { Desk } from "../support/desk.ts";
import { LAPTOP, evening } from "../support/evening.ts";
import { expectForEverybody } from "../support/everybody.ts";
import { NO_LINE, expect, test } from "../support/story.ts";

/** Up to four people in browsers of their own, and many steps: a story takes a while on a machine that is busy. */
test.describe.configure({ timeout: 180_000 });

test("what a ban or a clear hides is shown again by ending those", async ({ house, newFan, newModerator }) => {
  const { slug, mo, marit, kenny } = await evening({ house, newFan });
  const ines = await newModerator(slug, "Ines");
  await kenny.say("cleared line");
  await ines.actOn("clear", "crypto_kenny", { seconds: 60 });
  await expect(marit.row("cleared line")).toHaveCount(0);
  // A page that comes later learns of it from the audit log.
  await mo.fan.page.reload();
  await mo.select("cleared line");
  await mo.act(/^Undo the clear that hides it/);
  await mo.isTold("Cleared messages are back.");
  await marit.sees("cleared line");
  await ines.actOn("clear", "crypto_kenny", { seconds: 60 });
  await expect(marit.row("cleared line")).toHaveCount(0);
  await mo.deed("cleared the last 1 min").getByRole("button", { name: "Undo this clear" }).click();
  await marit.sees("cleared line");

  await ines.actOn("rename", "crypto_kenny");
  await mo.card.getByRole("button", { name: "Give the old name back" }).click();
  await mo.isTold("Nickname from before is back.");
  await expect(marit.row("cleared line")).toContainText("crypto_kenny");

  await ines.actOn("ban", "crypto_kenny");
  await mo.act(/^End the ban that hides it/);
  await mo.isTold("No longer banned.");
  await marit.sees("cleared line");
});

test("acts are undone one after another, the newest first", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("first");
  await kenny.say("second");
  for (const text of ["first", "second"]) {
    await mo.select(text);
    await mo.press("h");
  }
  await expect(mo.toasts).toHaveText([/Message hidden\./, /Message hidden\./]);
  await mo.press("u");
  await mo.isTold("Message shown again.");
  await mo.press("u");
  await marit.sees("second");
  await marit.sees("first");
  await expect(mo.line("first")).not.toContainText("Hidden by");
});

test("what somebody else did is not offered to be undone", async ({ house, newFan, newModerator }) => {
  const { slug, mo, marit, kenny } = await evening({ house, newFan });
  const ines = await newModerator(slug, "Ines");
  await kenny.say("hello");
  await mo.select("hello");
  await expect(mo.card).toContainText("1 message");
  await ines.actOn("hold", "crypto_kenny", { on: true });
  await ines.hide("hello");
  await expect(mo.acts.getByRole("button", { name: /^Show this message again/ })).toBeVisible();
  await ines.unhide("hello");
  await expect(mo.acts.getByRole("button", { name: /^Hide this message/ })).toBeVisible();
  await ines.act("pause");
  await expect(mo.tool("Resume chat")).toBeVisible();
  await expect(mo.toasts).toHaveCount(0);
  await marit.sees("hello");
});

test("a person is acted on from the card, for a reason", async ({ house, newFan }) => {
  const { mo, marit, kenny } = await evening({ house, newFan });
  await kenny.say("who wants free stuff");
  await marit.report("who wants free stuff", "Spam");
  await mo.open("People");
  await mo.panel.locator(".person", { hasText: "crypto_kenny" }).click();
  await expect(mo.card).toContainText("1 report");
  await expect(mo.card).not.toContainText("1 reports");
  await mo.card.getByRole("button", { name: "Spam" }).click();
  await mo.card.getByRole("button", { name: "Mute for another time" }).click();
  await mo.card.getByLabel("Mute for", { exact: true }).fill("1 h 30 min");
  await mo.card.getByRole("button", { name: "Do it" }).click();
  await mo.isTold("Muted for 1 h 30 min. crypto_kenny");
  await expect(mo.deed("muted crypto_kenny for 1 h 30 min")).toContainText("spam");
  await mo.card.getByRole("button", { name: "End the mute" }).click();
  await mo.isTold("No longer muted.");
  await mo.card.getByRole("button", { name: "Clear the last 5 min" }).click();
  await expect(marit.row("who wants free stuff")).toHaveCount(0);
  await mo.undo();
  await marit.sees("who wants free stuff");

  await mo.card.getByRole("button", { name: "In the audit log" }).click();
  await expect(mo.panel.getByRole("button", { name: "About crypto_kenny. Show everybody" })).toBeVisible();
  await expect(mo.panel.locator(".deed").last()).toContainText("Marit reported crypto_kenny");
  await mo.panel.getByLabel("What").selectOption("All but reports");
  await expect(mo.panel.locator(".deed").last()).toContainText("Mo muted crypto_kenny");
  await mo.panel.getByLabel("Who").selectOption("The house");
  await expect(mo.panel).toContainText("Nothing was done.");
});

test("the word list is replaced only by who means it", async ({ house, newFan }) => {
  const { mo } = await evening({ house, newFan });
  await mo.open("Words");
  await mo.panel.getByLabel("Word or words").fill("scalper");
  await mo.panel.getByRole("button", { name: "Add" }).click();
  await expect(mo.panel.locator(".rule")).toHaveText([/scalper/]);
  await expect(mo.panel.getByLabel("Word or words")).toHaveValue("");
  await mo.panel.getByText("A file of words").click();
  await mo.panel.getByLabel("File of words").setInputFiles({ name: "words.txt", mimeType: "text/plain", buffer: Buffer.from("spoiler\n") });
  await mo.panel.getByLabel("In place of the whole list").check();
  await mo.panel.getByRole("button", { name: "Upload" }).click();
  await expect(mo.panel.getByRole("button", { name: "Replace the 1 rule" })).toBeFocused();
  await mo.panel.getByRole("button", { name: "Keep the list" }).click();
  await expect(mo.panel.locator(".rule")).toHaveText([/scalper/]);
  await mo.panel.getByRole("button", { name: "Upload" }).click();
  await mo.panel.getByRole("button", { name: "Replace the 1 rule" }).click();
  await expect(mo.panel.locator(".rule")).toHaveText([/spoiler/]);
});

test("a list stays where it is read while others act", async ({ house, newFan, newModerator }) => {
  const { slug, mo, kenny } = await evening({ house, newFan });
  const ines = await newModerator(slug, "Ines");
  await kenny.say("hello");
  for (let number = 0; number < 20; number += 1) await ines.actOn("note", "crypto_kenny", { text: `note ${number}` });
  await mo.open("Audit");
  await expect(mo.panel.locator(".deed")).toHaveCount(20);
  const list = mo.panel.getByRole("group", { name: "Audit log" });
  const read = mo.panel.locator(".deed", { hasText: /note 9(?!\d)/ });
  await read.scrollIntoViewIfNeeded();
  const before = await read.boundingBox();
  await ines.actOn("note", "crypto_kenny", { text: "one more" });
  await mo.panel.getByRole("button", { name: "1 new" }).waitFor();
  await expect.poll(async () => Math.abs(((await read.boundingBox())?.y ?? 0) - (before?.y ?? 0)) < 60).toBe(true);
  await mo.panel.getByRole("button", { name: "1 new" }).click();
  await expect(list.locator(".deed").first()).toContainText("one more");
  await expect(mo.panel.getByRole("button", { name: "1 new" })).toHaveCount(0);
});

test("what came while the chat was lost shows everywhere when it is back", async ({ house, newFan, newModerator }) => {
  const { slug, mo, marit, kenny } = await evening({ house, newFan });
  for (const fan of [mo.fan, marit, kenny]) fan.mayLog(...NO_LINE);
  await kenny.say("hello");
  await mo.open("People");
  await expect(mo.panel.locator(".person")).toHaveCount(3);
  await mo.fan.context.setOffline(true);
  await expect(mo.panel).toContainText("No connection: this may be old.");
  const ines = await newModerator(slug, "Ines");
  await ines.actOn("mute", "crypto_kenny", { seconds: 600 });
  await mo.fan.context.setOffline(false);
  await expect(mo.panel.locator(".person", { hasText: "crypto_kenny" })).toContainText("Muted");
});

test("who is made a moderator gets the tools without doing anything", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const code = await house.issueOne(slug);
  const ines = await newFan(LAPTOP);
  await ines.walkIn(slug, code, "Ines");
  await ines.say("just a fan");
  await expect(new Desk(ines).switch).toHaveCount(0);
  await house.setRole(slug, code, "moderator");
  const desk = new Desk(ines);
  await desk.switchOn();
  await desk.select("just a fan");
});

test("a desk with nothing on it, and one without a server, are for everybody", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const mo = await Desk.sitDown(await newFan(LAPTOP), slug, await house.issueOne(slug, "moderator"), "Mo");
  for (const [panel, words] of [
    ["Reports", "Nothing is reported. Enjoy the show."],
    ["Words", "No rules yet: every message goes through."],
    ["Audit", "Nothing was done."],
  ] as const) {
    await mo.open(panel);
    await expect(mo.panel).toContainText(words);
    await expectForEverybody(mo.fan, `empty ${panel}`);
  }
  mo.fan.mayLog(...NO_LINE);
  await house.kill();
  await mo.open("People");
  await expect(mo.panel).toContainText("This could not be fetched.");
  await expectForEverybody(mo.fan, "no server");
  await house.restart();
  await mo.panel.getByRole("button", { name: "Try again" }).click();
  await expect(mo.panel.locator(".person")).toHaveText([/Mo/]);
});
