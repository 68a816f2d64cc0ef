// The room is a program of its own, which comes while the ticket is shown: slowly, or not at all, or before everything
// else when the page is loaded again.

import type { Page, Request, Route } from "@playwright/test";
import { Desk } from "../support/desk.ts";
import { LAPTOP } from "../support/evening.ts";
import { expectForEverybody } from "../support/everybody.ts";
import { expect, status, test } from "../support/story.ts";

const ROOM = /\/room-.*\.wasm/;

/** From now on what the page asks of its own house, by path and method. */
function listen(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request: Request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  return asked;
}

/** Which programs are among what was asked for, each once. */
function programs(asked: string[]): string[] {
  const names = asked.map((path) => /^GET \/(\w+)-[0-9a-f]+_bg\.wasm$/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** The room's program stays on its way until the answer is called. */
async function holdBack(page: Page): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((open) => (letGo = open));
  await page.route(ROOM, async (route: Route) => {
    await held;
    await route.continue();
  });
  return () => letGo();
}

test("the gate works before the room is there, and the room opens by itself", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  const asked = listen(fan.page);
  let sockets = 0;
  fan.page.on("websocket", () => (sockets += 1));
  const letGo = await holdBack(fan.page);
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await fan.call("Marit");
  await expect(fan.heading("Your ticket is good")).toBeFocused();
  await expect(fan.room).toHaveCount(0);

  letGo();
  await fan.isInTheChat();
  await expect(fan.field).toBeFocused();
  await expect(fan.gate).toHaveCount(0);
  await expect(fan.video).toHaveCount(1);
  await fan.say("in at last");

  // What the gate knew is not asked for again.
  const calls = asked.filter((call) => /\/api\/events\/[^/]+(\/admission|\/credentials)?$/.test(call)).map((call) => call.replace(slug, "…"));
  expect(calls).toEqual(["GET /api/events/…", "POST /api/events/…/admission"]);
  expect(sockets).toBe(1);
  expect(programs(asked)).toEqual(["app", "room"]);
});

test("the room is fetched while the code is typed", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  const room = fan.page.waitForResponse(ROOM);
  await fan.openGate(slug);
  await room;
  await expect(fan.codeField).toBeVisible();
});

test("a room that cannot be reached says so, and opens with the network", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(/net::ERR_FAILED/);
  await fan.page.route(ROOM, (route) => route.abort());
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await fan.call("Marit");
  await expect(fan.heading("The room can’t be reached")).toBeVisible();
  await expect(fan.page.getByRole("alert")).toContainText("your seat is held");
  await fan.page.unroute(ROOM);
  await fan.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await fan.isInTheChat();
  await fan.say("here after all");
});

test("who tries again gets the page of a newer house", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(status(404));
  let isOld = true;
  await fan.page.route(ROOM, (route) => (isOld ? route.fulfill({ status: 404 }) : route.continue()));
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await fan.call("Marit");
  await expect(fan.heading("The room can’t be reached")).toBeVisible();
  fan.page.once("framenavigated", () => (isOld = false));
  await fan.press("Try again");
  await fan.isInTheChat();
});

test("a reload in the room fetches the room alone", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("before");
  const asked = listen(fan.page);
  await fan.page.reload();
  await fan.isInTheChat();
  expect(programs(asked)).toEqual(["room"]);
  const seat = fan.seatIsFree();
  await fan.leave();
  await seat;
  await fan.page.reload();
  await expect(fan.codeField).toBeVisible();
  expect(programs(asked)).toContain("app");
});

test("a reload without the room falls back on the gate’s program, and keeps the seat", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(/net::ERR_FAILED/);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.page.route(ROOM, (route) => route.abort());
  await fan.page.reload();
  await expect(fan.heading("The room can’t be reached")).toBeVisible();
  await fan.page.unroute(ROOM);
  await fan.page.evaluate(() => window.dispatchEvent(new Event("online")));
  await fan.isInTheChat();
});

test("a moderator’s room comes with the desk, also after a reload", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan(LAPTOP);
  await fan.walkIn(slug, await house.issueOne(slug, "moderator"), "Mo");
  await new Desk(fan).switchOn();
  const asked = listen(fan.page);
  await fan.page.reload();
  await expect(new Desk(fan).bar).toBeVisible();
  expect(programs(asked)).toEqual(["crew"]);
});

test("a browser that keeps nothing gets in as well", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.context.addInitScript(() => {
    for (const storage of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, storage, {
        get: () => {
          throw new DOMException("refused", "SecurityError");
        },
      });
    }
  });
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("no trace of me");
});

test("a nickname that is given after its question was left comes into the room", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  let answer = () => {};
  const told = new Promise<void>((tell) => (answer = tell));
  await fan.page.route("**/nickname", async (route) => {
    await told;
    await route.continue();
  });
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  const claimed = fan.page.waitForRequest((request) => request.method() === "PUT");
  await fan.call("saltwater");
  await claimed;
  await fan.press("Just watch");
  answer();
  await fan.isInTheChat();
});

test("a page that cannot be loaded says so, and the way out works", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(/net::ERR_FAILED/);
  await fan.page.route(/\/app-.*\.wasm/, (route) => route.abort());
  await fan.openGate(slug);
  await expect(fan.page.getByRole("alert")).toContainText("The page can’t be reached.");
  await expectForEverybody(fan, "no page");
  await fan.page.unroute(/\/app-.*\.wasm/);
  await fan.press("Try again");
  await expect(fan.codeField).toBeVisible();
});
