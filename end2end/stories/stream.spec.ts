// The stream comes first: whatever happens to the chat, the picture goes on in the same element.

import type { Fan } from "../support/fan.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";

/** Marks the video, so that a replaced or reloaded one is noticed. */
async function mark(fan: Fan): Promise<void> {
  await expect(fan.video).toBeVisible();
  await fan.video.evaluate((video) => {
    Object.assign(video, { marked: true });
    for (const trouble of ["emptied", "error", "abort"]) {
      video.addEventListener(trouble, () => Object.assign(video, { marked: trouble }));
    }
  });
}

async function expectUntouched(fan: Fan): Promise<void> {
  await expect(fan.video).toBeVisible();
  expect(await fan.video.evaluate((video) => (video as unknown as { marked: unknown }).marked)).toBe(true);
}

async function expectPlaying(fan: Fan): Promise<void> {
  const time = () => fan.video.evaluate((video) => (video as HTMLVideoElement).currentTime);
  const first = await time();
  await expect.poll(time).not.toBe(first);
}

test("the picture plays behind the ticket", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await expectPlaying(fan);
});

test("a chat whose socket is refused never touches the stream, and comes back by itself", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  let dark = true;
  await fan.page.routeWebSocket(/\/socket/, (socket) => {
    if (dark) socket.close({ code: 4000, reason: "dark" });
    else socket.connectToServer();
  });
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await fan.call("Marit");
  await mark(fan);
  await expect(fan.heading("The chat is taking a breath. The show goes on.")).toBeVisible({ timeout: 30_000 });
  await expectUntouched(fan);
  await expectPlaying(fan);
  dark = false;
  await fan.page.evaluate(() => dispatchEvent(new Event("online")));
  await fan.isInTheChat();
  await fan.say("and here we are");
  await expectUntouched(fan);
});

test("a server that only fails for the chat leaves the stream alone", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(status(503));
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await mark(fan);
  for (const call of ["credentials", "messages"]) {
    await fan.page.route(`**/${call}*`, (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/problem+json",
        headers: { "retry-after": "1" },
        body: JSON.stringify({ type: "about:blank", title: "Unavailable", status: 503, code: "unavailable", retry_after_ms: 1000 }),
      }),
    );
  }
  await fan.page.routeWebSocket(/\/socket/, (socket) => void socket.close({ code: 4000 }));
  await fan.page.reload();
  await expectPlaying(fan);
  await expect(fan.heading("The chat is taking a breath. The show goes on.")).toBeVisible({ timeout: 30_000 });
  await expectPlaying(fan);
});

test.describe("with one place in the chat", () => {
  test.use({ serveOptions: ["--max-places", "1"] });

  test("who finds no place watches, and is in the chat as soon as there is one", async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const [first, second] = [await newFan(), await newFan()];
    second.mayLog(status(503));
    const code = await house.issueOne(slug);
    await first.walkIn(slug, code, "Marit");
    await second.openGate(slug);
    await second.enter(await house.issueOne(slug));
    await expect(second.heading("The chat is taking a breath. The show goes on.")).toBeVisible({ timeout: 30_000 });
    await mark(second);
    await expectPlaying(second);
    await first.say("the front row is mine");
    await house.revoke(slug, code);
    await expect(first.heading("This ticket was taken back")).toBeVisible();
    await second.press("Look now");
    await second.press("Choose a nickname");
    await second.call("zeynep");
    await second.isInTheChat();
    await second.say("and now it is ours");
    await expectUntouched(second);
  });
});

test("a killed house does not touch the picture that is loaded", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(...NO_LINE);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await expectPlaying(fan);
  await mark(fan);
  await house.kill();
  await expect(fan.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
  await expectUntouched(fan);
  await house.restart();
  await fan.isInTheChat();
  await expectUntouched(fan);
});

test.describe("a ticket whose account is not made yet", () => {
  test.use({ serveOptions: ["--provisioner", "off"] });

  test("has the stream at once, and the chat opens by itself", async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    fan.mayLog(status(503));
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await expect(fan.heading("Your place in the chat is being made.")).toBeVisible();
    await expectPlaying(fan);
    await mark(fan);
    const told = await fan.listen();

    await house.provision(slug);
    await expect(fan.page.getByText("Your place in the chat is ready.")).toBeVisible();
    expect((await told()).join(), "who comes for the first time does not come back").not.toMatch(/Reconnecting|Back again/);
    await fan.press("Choose a nickname");
    await fan.call("Marit");
    await fan.isInTheChat();
    await fan.say("here I am");
    await expectUntouched(fan);
  });
});

test("an event with its chat off is a stream behind a ticket", async ({ house, newFan }) => {
  const { slug } = await house.announce({ chat: false });
  const fan = await newFan();
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await expect(fan.room).toBeVisible();
  await expectPlaying(fan);
  await expect(fan.page.getByRole("region", { name: "Chat" })).toHaveCount(0);
  await expect(fan.field).toHaveCount(0);
  await fan.press("Leave the room");
  await fan.page.getByRole("dialog").getByRole("button", { name: "Leave the room" }).click();
  await expect(fan.codeField).toBeVisible();
});

test("a player from elsewhere stands in a sandbox", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: "https://player.example/live" });
  const fan = await newFan();
  fan.mayLog(/asked somebody else: https:\/\/player\.example\/live$/);
  await fan.context.route("https://player.example/live", (route) => route.fulfill({ contentType: "text/html", body: "<h1>A player from elsewhere</h1>" }));
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  const frame = fan.page.locator("iframe.stream__picture");
  await expect(frame).toBeVisible();
  await expect(frame.contentFrame().getByRole("heading", { name: "A player from elsewhere" })).toBeVisible();
  const sandbox = (await frame.getAttribute("sandbox"))?.split(" ") ?? [];
  expect(sandbox).not.toContain("allow-top-navigation");
  expect(sandbox).not.toContain("allow-popups-to-escape-sandbox");
  await expect(frame).toHaveAttribute("title", /.+/);
});

test("a stream that does not come is said where the picture would be, and the chat goes on", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: `${house.origin}/nothing-here.mp4` });
  const fan = await newFan();
  fan.mayLog(status(404), /MEDIA_ERR|Failed to load|NotSupportedError/);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await expect(fan.page.getByText("The picture stopped")).toBeVisible();
  await fan.say("is it only me");
});
