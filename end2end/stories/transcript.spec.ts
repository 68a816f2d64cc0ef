// The transcript: as long as the night, as light as its first minute.

import { climb } from "../support/climb.ts";
import type { Fan } from "../support/fan.ts";
import { memory } from "../support/memory.ts";
import { expect, test } from "../support/story.ts";

/** Rows that may be in the page at a time: a few screens of them. */
const MOST_ROWS = 400;
/** How far the line in view may move when older ones are put above it, in pixels: less than can be seen. */
const LARGEST_JUMP = 2;
/** What five thousand more lines may add to the page's memory, in bytes. */
const LARGEST_GROWTH = 4 * 1024 * 1024;

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, place) => `line ${from + place}`);

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

test("five thousand lines are scrolled without a jump, in a bounded page", async ({ house, newFan, newVoice }) => {
  test.setTimeout(240_000);
  const { slug } = await house.announce();
  const chorus = await newVoice(slug, "the chorus");
  await chorus.say(...numbered(1, 5_000));

  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.sees("line 5000");
  const way = await fan.log.evaluate(climb);
  expect(way.seen, "every line is met on the way up").toBe(5_000);
  expect(way.mostRows).toBeLessThanOrEqual(MOST_ROWS);
  expect(way.largestJump, `the line in view moved: ${way.where}`).toBeLessThanOrEqual(LARGEST_JUMP);
  await expect(fan.log.locator(".transcript__start")).toBeVisible();
  await fan.sees("line 1");

  await chorus.say("line 5001");
  await fan.pill.click();
  await fan.sees("line 5001");
  await expect(fan.pill).toHaveCount(0);
});

test("ten thousand lines pass through a page whose memory stays flat", async ({ house, newFan, newVoice }) => {
  test.setTimeout(240_000);
  const { slug } = await house.announce();
  const chorus = await newVoice(slug, "the chorus");
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");

  await chorus.say(...numbered(1, 5_000));
  await fan.sees("line 5000");
  const before = await memory(fan.page);
  await chorus.say(...numbered(5_001, 5_000));
  await fan.sees("line 10000");
  const after = await memory(fan.page);

  expect(await fan.rows.count()).toBeLessThanOrEqual(MOST_ROWS);
  expect(after.bytes - before.bytes, JSON.stringify({ before, after })).toBeLessThanOrEqual(LARGEST_GROWTH);
  expect(after.nodes - before.nodes).toBeLessThanOrEqual(MOST_ROWS * 10);
});

test("new lines are followed at the end, and counted by a pill further up", async ({ house, newFan, newVoice }) => {
  const { slug } = await house.announce();
  const chorus = await newVoice(slug, "the chorus");
  await chorus.say(...numbered(1, 120));
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.sees("line 120");
  await expect(fan.pill).toHaveCount(0);
  await chorus.say("line 121");
  await expect(fan.row("line 121")).toBeInViewport();
  await expect(fan.pill).toHaveCount(0);

  await scrollUp(fan);
  const inView = fan.row("line 100");
  await inView.scrollIntoViewIfNeeded();
  const top = (await inView.boundingBox())?.y;
  await chorus.say("line 122");
  await expect(fan.button("1 new message")).toBeVisible();
  await chorus.say(...numbered(123, 11));
  await expect(fan.button("12 new messages")).toBeVisible();
  expect((await inView.boundingBox())?.y, "the line that is read stays where it is").toBe(top);

  await fan.pill.click();
  await expect(fan.row("line 133")).toBeInViewport();
  await expect(fan.pill).toHaveCount(0);
});

test("one’s own line brings the reader back to the end", async ({ house, newFan, newVoice }) => {
  const { slug } = await house.announce();
  const chorus = await newVoice(slug, "the chorus");
  await chorus.say(...numbered(1, 120));
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.sees("line 120");
  await scrollUp(fan);
  await fan.say("here I am");
  await expect(fan.row("here I am")).toBeInViewport();
  await expect(fan.pill).toHaveCount(0);
});

async function scrollUp(fan: Fan): Promise<void> {
  await fan.log.hover();
  await fan.page.mouse.wheel(0, -900);
  await expect.poll(() => fan.log.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight)).toBeGreaterThan(400);
}
