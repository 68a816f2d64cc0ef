// A ticket is one seat: one device, one tab, and free again when its holder leaves.

import { NO_LINE, expect, status, test } from "../support/story.ts";

test("a second device takes the seat over, and the first is told", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const phone = await newFan();
  await phone.walkIn(slug, code, "Marit vom Deck");
  await phone.say("from the phone");

  const laptop = await newFan();
  laptop.mayLog(status(409));
  await laptop.openGate(slug);
  await laptop.enter(code);
  await expect(laptop.heading("In use on another device")).toBeVisible();
  await phone.say("still here");

  await laptop.press("Move my seat here");
  await laptop.isInTheChat();
  await expect(phone.heading("Your seat moved to another device")).toBeVisible();
  await expect(phone.room).toHaveCount(0);

  await laptop.say("from the laptop");
  await laptop.seesExactly(["from the phone", "still here", "from the laptop"]);
  await expect(laptop.row("from the laptop").locator("xpath=preceding-sibling::li[not(contains(@class,'message--run'))][1]").locator("bdi").first()).toHaveText("Marit vom Deck");

  phone.mayLog(status(401));
  await phone.page.reload();
  await expect(phone.gate).toBeVisible();
  await expect(phone.room).toHaveCount(0);
});

test("who leaves the seat where it is stays at the gate", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const phone = await newFan();
  await phone.walkIn(slug, code, "Marit");
  const laptop = await newFan();
  laptop.mayLog(status(409));
  await laptop.openGate(slug);
  await laptop.enter(code);
  await laptop.press("Leave it there");
  await expect(laptop.codeField).toBeVisible();
  await phone.say("nothing happened");
});

test("the seat comes back with the code", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const [phone, laptop] = [await newFan(), await newFan()];
  for (const fan of [phone, laptop]) fan.mayLog(status(409), status(401));
  await phone.walkIn(slug, code, "Marit");
  await laptop.openGate(slug);
  await laptop.enter(code);
  await laptop.press("Move my seat here");
  await laptop.isInTheChat();

  await phone.press("Type the code again");
  await phone.enter(code);
  await phone.press("Move my seat here");
  await phone.isInTheChat();
  await expect(laptop.heading("Your seat moved to another device")).toBeVisible();
});

test("of two tabs the newer has the chat, and the older can ask for it back", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("from the first tab");

  const second = await fan.context.newPage();
  await second.goto(fan.page.url());
  await expect(second.getByLabel("Your line")).toBeEditable();
  await expect(fan.heading("The chat is open in another tab.")).toBeVisible();
  await expect(fan.video).toBeVisible();

  await fan.press("Chat in this tab");
  await fan.isInTheChat();
  await fan.seesExactly(["from the first tab"]);
  await expect(second.getByRole("heading", { name: "The chat is open in another tab." })).toBeVisible();
});

test("a reload keeps the seat", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("before");
  await fan.page.reload();
  await fan.isInTheChat();
  await fan.say("after");
  await fan.seesExactly(["before", "after"]);
});

test("who leaves is asked first, and frees the seat", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  await fan.walkIn(slug, code, "Marit");
  await fan.press("Leave the room");
  const dialog = fan.page.getByRole("dialog", { name: "Leave the room?" });
  await dialog.getByRole("button", { name: "Stay" }).click();
  await expect(dialog).toBeHidden();
  await fan.say("I stay a little");

  const seat = fan.seatIsFree();
  await fan.press("Leave the room");
  await dialog.getByRole("button", { name: "Leave the room" }).click();
  await expect(fan.codeField).toBeVisible();
  await seat;
  await fan.page.reload();
  await expect(fan.codeField).toBeVisible();

  const laptop = await newFan();
  await laptop.openGate(slug);
  await laptop.enter(code);
  await laptop.isInTheChat();
  await laptop.seesExactly(["I stay a little"]);
});

test("who leaves without a network frees the seat with the next one", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  await fan.walkIn(slug, code, "Marit");
  await fan.context.setOffline(true);
  await fan.leave();
  const seat = fan.seatIsFree();
  await fan.context.setOffline(false);
  await seat;
  const laptop = await newFan();
  await laptop.openGate(slug);
  await laptop.enter(code);
  await laptop.isInTheChat();
});

test("a seat that was left is freed after a reload as well", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.page.route("**/admission", (route) => route.abort("connectionrefused"));
  await fan.leave();
  await fan.page.reload();
  await expect(fan.codeField).toBeVisible();
  const seat = fan.seatIsFree();
  await fan.page.unroute("**/admission");
  await seat;
});

test("who comes back before the house knew of the leaving keeps the seat", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  fan.mayLog(...NO_LINE, status(401));
  await fan.walkIn(slug, code, "Marit");
  await fan.page.route("**/admission", (route) => (route.request().method() === "DELETE" ? route.abort("connectionrefused") : route.continue()));
  await fan.leave();
  await fan.enter("WR0N-GC0D-EXYZ");
  await expect(fan.page.getByRole("alert")).toContainText("That code doesn’t open this event.");
  await fan.enter(code);
  await fan.isInTheChat();

  let late = 0;
  fan.page.on("request", (request) => (late += Number(request.method() === "DELETE")));
  await fan.page.unroute("**/admission");
  await fan.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await fan.say("still here");
  expect(late).toBe(0);
});

test("a draft stays where its field does not, also without a storage that takes it", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.context.addInitScript(() => {
    const keep = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, value) {
      if (key.endsWith("/draft")) throw new DOMException("full", "QuotaExceededError");
      keep.call(this, key, value);
    };
  });
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.field.fill("half a line");
  await (await fan.context.newPage()).goto(fan.page.url());
  await expect(fan.heading("The chat is open in another tab.")).toBeVisible();
  await fan.press("Chat in this tab");
  await expect(fan.field).toHaveValue("half a line");
});

test("a draft is its writer’s alone", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [first, second] = await house.issue(slug, 2);
  const fan = await newFan();
  await fan.walkIn(slug, first!, "Marit");
  await fan.field.fill("half a line");
  await fan.page.reload();
  await expect(fan.field).toHaveValue("half a line");

  await fan.leave();
  await fan.enter(second!);
  await fan.call("saltwater");
  await expect(fan.field).toHaveValue("");
  await fan.page.reload();
  await expect(fan.field).toHaveValue("");
});

test("a draft is hidden from who comes after a seat that moved", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [first, second] = await house.issue(slug, 2);
  const [fan, laptop] = [await newFan(), await newFan()];
  for (const each of [fan, laptop]) each.mayLog(status(409), status(401));
  await fan.walkIn(slug, first!, "Marit");
  await fan.field.fill("half a line");
  await laptop.openGate(slug);
  await laptop.enter(first!);
  await laptop.press("Move my seat here");
  await fan.press("Type the code again");
  await fan.enter(second!);
  await fan.call("saltwater");
  await expect(fan.field).toHaveValue("");
});
