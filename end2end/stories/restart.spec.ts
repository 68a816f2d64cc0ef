// The house goes dark in the middle of the show and comes back: every page finds its way by itself.

import type { Fan } from "../support/fan.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";

const reconnecting = (fan: Fan) => fan.page.getByText("Reconnecting. Your draft is safe.").or(fan.heading(/taking a breath/));

/** Takes the fan's next sockets in hand: a browser that is offline keeps those that it has. */
async function holdLine(fan: Fan): Promise<{ hush: () => void; cut: () => void }> {
  let hush = () => {};
  let cut = () => {};
  await fan.page.routeWebSocket(/\/socket/, (socket) => {
    const server = socket.connectToServer();
    let hushed = false;
    socket.onMessage((message) => void (hushed || server.send(message)));
    server.onMessage((message) => void (hushed || socket.send(message)));
    hush = () => {
      hushed = true;
    };
    cut = () => {
      void server.close();
      void socket.close({ code: 4000 });
    };
  });
  return { hush: () => hush(), cut: () => cut() };
}

test("the server is killed under open pages: both recover, nothing is lost, nothing comes twice", async ({ house, newFan }) => {
  test.setTimeout(180_000);
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  for (const fan of [marit, zeynep]) fan.mayLog(...NO_LINE);
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");
  const said: string[] = [];
  for (const round of [1, 2, 3]) {
    await marit.say(`round ${round}: still here?`);
    await zeynep.sees(`round ${round}: still here?`);
    await zeynep.say(`round ${round}: still here`);
    said.push(`round ${round}: still here?`, `round ${round}: still here`);

    await house.kill();
    await expect(reconnecting(marit).first()).toBeVisible();
    await expect(reconnecting(zeynep).first()).toBeVisible();
    await house.restart();
    await expect(reconnecting(marit)).toHaveCount(0, { timeout: 30_000 });
    await expect(reconnecting(zeynep)).toHaveCount(0, { timeout: 30_000 });
    for (const fan of [marit, zeynep]) {
      await fan.isInTheChat();
      await fan.seesExactly(said);
    }
  }
});

test("lines that were on their way when the server was killed arrive once", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  for (const fan of [marit, zeynep]) fan.mayLog(...NO_LINE);
  // On the first socket two lines reach the server, which cannot answer any more, and two are lost on their way.
  let silent = false;
  let sockets = 0;
  await marit.page.routeWebSocket(/\/socket/, (socket) => {
    const server = socket.connectToServer();
    sockets += 1;
    if (sockets > 1) return;
    socket.onMessage((message) => {
      const { text } = JSON.parse(String(message)) as { text?: string };
      if (text !== "three" && text !== "four") server.send(message);
    });
    server.onMessage((message) => {
      if (!silent) socket.send(message);
    });
  });
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");

  const lines = ["one", "two", "three", "four"];
  silent = true;
  for (const line of lines) await marit.send(line);
  await zeynep.seesExactly(["one", "two"]);
  await expect(marit.log.locator("[data-state=pending]")).toHaveCount(lines.length);
  await house.kill();
  await house.restart();
  await marit.seesExactly(lines);
  await zeynep.seesExactly(lines);
});

test("a line said while the house is dark is kept and sent when it is back", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("before");
  await house.kill();
  await expect(fan.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
  await fan.send("in the dark");
  await expect(fan.row("in the dark")).toHaveAttribute("data-state", "pending");
  await house.restart();
  await fan.seesExactly(["before", "in the dark"]);
});

test("the draft survives the dark", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.field.fill("half a sent");
  await house.kill();
  await expect(reconnecting(fan).first()).toBeVisible();
  await house.restart();
  await expect(reconnecting(fan)).toHaveCount(0, { timeout: 30_000 });
  await expect(fan.field).toHaveValue("half a sent");
});

test("a phone that was offline is back at once, with what it missed", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  marit.mayLog(...NO_LINE);
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");
  await zeynep.say("one");
  await marit.sees("one");

  const line = await holdLine(marit);
  // The waits between two tries are as long as they can be: without the told network it would take seconds.
  await marit.page.addInitScript(() => {
    Math.random = () => 0.999;
  });
  let tries = 0;
  marit.page.on("requestfailed", (request) => {
    if (request.url().endsWith("/credentials")) tries += 1;
  });
  await marit.page.reload();
  await marit.isInTheChat();
  await marit.sees("one");
  line.hush();
  await marit.context.setOffline(true);
  await expect(marit.page.getByText("You are offline. Your draft is safe.")).toBeVisible({ timeout: 5_000 });
  line.cut();
  await zeynep.say("two");
  await zeynep.say("three");
  await expect.poll(() => tries, { timeout: 30_000 }).toBe(5);
  await marit.context.setOffline(false);
  await marit.seesExactly(["one", "two", "three"], { timeout: 8_000 });
  await expect(marit.page.getByText("You are offline.")).toHaveCount(0);
});

test("a network that is back under a house that is dark is not said to be missing", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await house.kill();
  await fan.context.setOffline(true);
  await expect(fan.page.getByText("You are offline. Your draft is safe.")).toBeVisible();
  await fan.context.setOffline(false);
  await expect(reconnecting(fan).first()).toBeVisible();
  await expect(fan.page.getByText("You are offline.")).toHaveCount(0);
});

test("a device that slept knows by its clock, and asks again as soon as it wakes", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [marit, zeynep] = [await newFan(), await newFan()];
  const line = await holdLine(marit);
  await marit.walkIn(slug, one!, "Marit");
  await zeynep.walkIn(slug, two!, "zeynep");
  line.hush();
  await zeynep.say("said to who sleeps");
  // While a device sleeps, its forward clock stands still and nothing closes the socket.
  await marit.page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 3_600_000;
  });
  await marit.seesExactly(["said to who sleeps"], { timeout: 10_000 });
  await marit.say("good morning");
  await zeynep.sees("good morning");
});

test("a seat that was moved while the page was away is told when it is back", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const [phone, laptop] = [await newFan(), await newFan()];
  phone.mayLog(...NO_LINE, status(401));
  laptop.mayLog(status(409));
  const line = await holdLine(phone);
  await phone.walkIn(slug, code, "Marit");
  await phone.context.setOffline(true);
  line.cut();
  await expect(phone.page.getByText("You are offline. Your draft is safe.")).toBeVisible();
  await laptop.openGate(slug);
  await laptop.enter(code);
  await laptop.press("Move my seat here");
  await laptop.isInTheChat();
  await phone.context.setOffline(false);
  await expect(phone.heading("Your seat moved to another device")).toBeVisible({ timeout: 30_000 });
});
