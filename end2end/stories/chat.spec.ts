// The chat: what one says all see, once, in one order, as plain text.

import { expect, test } from "../support/story.ts";

test("two fans enter their codes, choose nicknames and talk", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");

  await marit.say("is this the queue for the ferry");
  await zeynep.sees("is this the queue for the ferry");
  await zeynep.say("it is now");
  await marit.say("good");

  const all = ["is this the queue for the ferry", "it is now", "good"];
  await marit.seesExactly(all);
  await zeynep.seesExactly(all);
  await expect(zeynep.row("good").locator("bdi").first()).toHaveText("Marit");
});

test("who comes late reads everything that was said before", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const early = await newFan();
  await early.walkIn(slug, one!, "early bird");
  const lines = ["one", "two", "three", "four"];
  for (const line of lines) await early.say(line);

  const late = await newFan();
  await late.walkIn(slug, two!, "latecomer");
  await late.seesExactly(lines);
});

test("one author’s consecutive lines are a run under one name", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");
  await marit.say("the BASS");
  await marit.say("my neighbours are now also attending");
  await zeynep.sees("my neighbours are now also attending");
  await zeynep.say("mine knocked");
  await marit.sees("mine knocked");

  await expect(marit.row("the BASS")).not.toHaveClass(/message--run/);
  await expect(marit.row("my neighbours are now also attending")).toHaveClass(/message--run/);
  await expect(marit.row("mine knocked")).not.toHaveClass(/message--run/);
});

test("an address is plain text that can be selected, never a link", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");
  const line = "words: https://saltlyrics.example/harbour?v=2 <a href='//evil.example'>here</a> javascript:alert(1)";
  await marit.say(line);
  for (const fan of [marit, zeynep]) {
    await fan.sees(line);
    await expect(fan.log.locator("a, [href], img, iframe")).toHaveCount(0);
  }
  const selected = await zeynep.row(line).locator(".message__text").evaluate((text) => {
    getSelection()?.selectAllChildren(text);
    return getSelection()?.toString();
  });
  expect(selected).toBe(line);
});

test("a right-to-left line turns its row, and leaves the others as they are", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [fan, zeynep] = [await newFan(), await newFan()];
  await fan.walkIn(slug, one!, "نور");
  await zeynep.walkIn(slug, two!, "zeynep");
  const arabic = "صوتها الليلة أحلى من التسجيل بكثير";
  await fan.say(arabic);
  await zeynep.say("the BASS");
  await fan.sees("the BASS");
  await expect(fan.row(arabic)).toHaveCSS("direction", "rtl");
  await expect(fan.row("the BASS")).toHaveCSS("direction", "ltr");
  const left = async (text: string, part: string) => (await fan.row(text).locator(part).first().boundingBox())?.x ?? Number.NaN;
  expect(await left(arabic, "time")).toBeLessThan(await left(arabic, "bdi"));
  expect(await left("the BASS", "time")).toBeGreaterThan(await left("the BASS", "bdi"));
});

test("Shift and Enter make a second line, and a line of nothing is not sent", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.field.press("Enter");
  await fan.field.fill("   ");
  await fan.field.press("Enter");
  await fan.field.fill("");
  await fan.field.pressSequentially("first");
  await fan.field.press("Shift+Enter");
  await fan.field.pressSequentially("second");
  await fan.field.press("Enter");
  await expect(fan.words).toHaveCount(1);
  expect(await fan.words.first().innerText()).toBe("first\nsecond");
});

test("the draft survives a reload", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.field.fill("PLAY THE FERRY ONE (please)");
  await fan.page.reload();
  await fan.isInTheChat();
  await expect(fan.field).toHaveValue("PLAY THE FERRY ONE (please)");
  await fan.field.press("Enter");
  await fan.sees("PLAY THE FERRY ONE (please)");
  await fan.page.reload();
  await fan.isInTheChat();
  await expect(fan.field).toHaveValue("");
});

test("a line is pending until it is kept, and one that is refused can be tried again or discarded", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  let trouble: "hold" | "refuse" | "none" = "hold";
  const held: (() => void)[] = [];
  await marit.page.routeWebSocket(/\/socket/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const frame = JSON.parse(String(message)) as { type: string; id?: string };
      if (frame.type !== "send" || trouble === "none") server.send(message);
      else if (trouble === "hold") held.push(() => server.send(message));
      else socket.send(JSON.stringify([{ type: "refused", id: frame.id, code: "invalid" }]));
    });
  });
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");

  await marit.send("who is cutting onions");
  await expect(marit.row("who is cutting onions")).toHaveAttribute("data-state", "pending");
  held.splice(0).forEach((release) => release());
  await expect(marit.row("who is cutting onions")).not.toHaveAttribute("data-state");

  trouble = "refuse";
  await marit.send("PLAY THE FERRY ONE");
  const failed = marit.row("PLAY THE FERRY ONE");
  await expect(failed).toHaveAttribute("data-state", "failed");
  await expect(failed).toContainText("Not sent.");
  await marit.send("never mind");
  await marit.row("never mind").getByRole("button", { name: "Discard" }).click();
  await expect(marit.row("never mind")).toHaveCount(0);

  trouble = "none";
  await failed.getByRole("button", { name: "Try again" }).click();
  await marit.seesExactly(["who is cutting onions", "PLAY THE FERRY ONE"]);
  await zeynep.seesExactly(["who is cutting onions", "PLAY THE FERRY ONE"]);
});

test("lines sent in haste wait their turn and arrive by themselves, in order", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");
  const lines = ["o", "on", "one", "one m", "one mo", "one mor", "one more"];
  for (const line of lines) await marit.send(line);
  await marit.seesExactly(lines);
  await zeynep.seesExactly(lines);
});

test("a line that fails lets those behind it go", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  let tries = 0;
  let fail = () => {};
  await fan.page.routeWebSocket(/\/socket/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      const { id, text } = JSON.parse(String(message)) as { id?: string; text?: string };
      const refuse = (answer: object) => socket.send(JSON.stringify([{ type: "refused", id, ...answer }]));
      if (text !== "the one that fails") server.send(message);
      else if (++tries === 1) refuse({ code: "rate_limited", retry_after_ms: 1 });
      else fail = () => refuse({ code: "invalid" });
    });
  });
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.send("the one that fails");
  await expect.poll(() => tries).toBe(2);
  await fan.send("the one behind");
  await expect(fan.row("the one behind")).toHaveAttribute("data-state", "pending");
  fail();
  await expect(fan.row("the one that fails")).toHaveAttribute("data-state", "failed");
  await expect(fan.row("the one behind")).not.toHaveAttribute("data-state");
});

test("the artist and the crew wear a badge that no nickname can", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const artist = await newFan();
  await artist.openGate(slug);
  await artist.enter(await house.issueOne(slug, "artist"));
  await artist.isInTheChat();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await artist.say("Hello Osaka.");
  await fan.say("hello");

  await expect(fan.row("Hello Osaka.")).toHaveAttribute("data-role", "artist");
  await expect(fan.row("Hello Osaka.").locator(".badge--artist")).toHaveText("Artist");
  await expect(fan.row("Hello Osaka.").locator("bdi").first()).toHaveText("Vesna Oduya");
  await expect(fan.row("hello").locator(".badge")).toHaveCount(0);
});
