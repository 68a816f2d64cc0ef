// The transcript: as long as the night, as light as its first minute.

import { climb, descend } from "../support/climb.ts";
import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import { memory } from "../support/memory.ts";
import { expect, test } from "../support/story.ts";
import type { Voice } from "../support/voice.ts";

/** Rows that may be in the page at a time: a few screens of them. */
const MOST_ROWS = 400;
/** How far the line in view may move when older ones are put above it, in pixels: less than can be seen. */
const LARGEST_JUMP = 2;
/** What five thousand more lines may add to the page's memory, in bytes. */
const LARGEST_GROWTH = 4 * 1024 * 1024;

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, place) => `line ${from + place}`);

interface Setting {
  house: House;
  newFan: () => Promise<Fan>;
  newVoice: (slug: string, nickname: string) => Promise<Voice>;
}

/** A fan who comes when the chorus has said so many lines, and sees the newest. */
async function comesLate({ house, newFan, newVoice }: Setting, lines: number): Promise<{ slug: string; fan: Fan; chorus: Voice }> {
  const { slug } = await house.announce();
  const chorus = await newVoice(slug, "the chorus");
  await chorus.say(...numbered(1, lines));
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.sees(`line ${lines}`);
  return { slug, fan, chorus };
}

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

test("five thousand lines are scrolled without a jump, in a bounded page", async ({ house, newFan, newVoice }) => {
  test.setTimeout(240_000);
  const { fan, chorus } = await comesLate({ house, newFan, newVoice }, 5_000);
  const way = await climb(fan.log);
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

test("from the first line back to the newest one every line is met, without a jump", async ({ house, newFan, newVoice }) => {
  test.setTimeout(240_000);
  const { fan, chorus } = await comesLate({ house, newFan, newVoice }, 1_500);
  await climb(fan.log);
  await fan.sees("line 1");

  const way = await descend(fan.log);
  expect(way.seen, "every line is met on the way down").toBe(1_500);
  expect(way.mostRows).toBeLessThanOrEqual(MOST_ROWS);
  expect(way.largestJump, `the line in view moved: ${way.where}`).toBeLessThanOrEqual(LARGEST_JUMP);
  await expectAtTheEnd(fan, "line 1500");
  await chorus.say("line 1501");
  await expectAtTheEnd(fan, "line 1501");
});

test("a jump to the first line in the page is no jump any more when earlier ones are put above it", async ({ house, newFan, newVoice }) => {
  const { fan } = await comesLate({ house, newFan, newVoice }, 300);
  const { words, top } = await fan.log.evaluate((log) => {
    log.scrollTop = 0;
    const text = log.querySelector(".message__text")!;
    return { words: text.textContent!, top: text.getBoundingClientRect().top };
  });
  await expect(fan.words.first()).not.toHaveText(words);
  const now = (await fan.row(words).locator(".message__text").boundingBox())?.y ?? Number.NaN;
  expect(Math.abs(now - top)).toBeLessThanOrEqual(LARGEST_JUMP);
});

for (const [how, jump] of Object.entries({
  "the End key": (fan: Fan) => fan.log.press("End"),
  "the scrollbar": (fan: Fan) => fan.log.evaluate((log) => void (log.scrollTop = log.scrollHeight)),
})) {
  test(`from far up, ${how} goes down to the newest line and never gets stuck`, async ({ house, newFan, newVoice }) => {
    test.setTimeout(120_000);
    const { fan, chorus } = await comesLate({ house, newFan, newVoice }, 600);
    await climb(fan.log);
    await fan.sees("line 1");

    const lowest = async () => Number((await fan.words.last().textContent())?.replace("line ", ""));
    for (let before = await lowest(); before < 600; before = await lowest()) {
      await jump(fan);
      await expect.poll(lowest, "each jump reaches further down").toBeGreaterThan(before);
    }
    await jump(fan);
    await expectAtTheEnd(fan, "line 600");
    await chorus.say("line 601");
    await expectAtTheEnd(fan, "line 601");
  });
}

test("a screen reader is told what others say now, once, and nothing else", async ({ house, newFan, newVoice }) => {
  const { fan, chorus } = await comesLate({ house, newFan, newVoice }, 300);
  const told = await fan.listen();

  await chorus.say("line 301");
  await expect.poll(told).toEqual(["the chorus: line 301"]);
  await fan.say("my own");
  await climb(fan.log);
  await fan.sees("line 1");
  await chorus.say("line 302");
  await expect.poll(told).toEqual(["the chorus: line 301", "the chorus: line 302"]);
  await expect(fan.page.getByRole("log", { name: "New lines" }), "what is hidden later is not read there").toBeEmpty();
});

test("a room busier than anybody can hear is told by its numbers", async ({ house, newFan, newVoice }) => {
  const { slug } = await house.announce();
  const chorus = await newVoice(slug, "the chorus");
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  const told = await fan.listen();
  await chorus.say("line 1");
  await expect.poll(told).toEqual(["the chorus: line 1"]);
  await chorus.say(...numbered(2, 40));
  await fan.sees("line 41");
  const number = (words: string) => Number(/^(\d+) new messages$/.exec(words)?.[1]);
  const counted = async () => (await told()).slice(1).reduce((sum, words) => sum + number(words), 0);
  await expect.poll(counted, { timeout: 45_000 }).toBe(40);
});

test("the reader finds their place and the focus again where something stood in the chat’s place", async ({ house, newFan, newVoice }) => {
  const { fan, chorus } = await comesLate({ house, newFan, newVoice }, 300);
  await fan.field.focus();
  await scrollUp(fan);
  const read = fan.row(await inTheMiddle(fan));
  const top = (await read.boundingBox())?.y;

  const second = await fan.context.newPage();
  await second.goto(fan.page.url());
  const off = "The chat is open in another tab.";
  await expect(fan.heading(off)).toBeFocused();
  await expect(fan.page.getByRole("status").filter({ hasText: off })).toBeAttached();
  await second.close();
  await chorus.say("line 301");
  await fan.press("Chat in this tab");
  await expect(fan.field).toBeFocused();
  await expect(fan.button("1 new message")).toBeVisible();
  expect((await read.boundingBox())?.y).toBe(top);
});

test("new lines are followed at the end, and counted by a pill further up", async ({ house, newFan, newVoice }) => {
  const { fan, chorus } = await comesLate({ house, newFan, newVoice }, 120);
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
  const { fan } = await comesLate({ house, newFan, newVoice }, 120);
  await scrollUp(fan);
  await fan.say("here I am");
  await expect(fan.row("here I am")).toBeInViewport();
  await expect(fan.pill).toHaveCount(0);
});

test("a draft that goes out by itself leaves the reader where they are", async ({ house, newFan, newVoice, newModerator }) => {
  const { slug, fan } = await comesLate({ house, newFan, newVoice }, 120);
  const crew = await newModerator(slug);
  await crew.act("slow", { seconds: 600 });
  await fan.say("first");
  await fan.field.fill("second");
  await fan.field.press("Enter");
  await scrollUp(fan);
  const read = fan.row(await inTheMiddle(fan));
  const top = (await read.boundingBox())?.y;
  await crew.act("slow", { seconds: 0 });
  await expect(fan.field).toHaveValue("");
  await crew.line("second");
  expect((await read.boundingBox())?.y).toBe(top);
});

async function expectAtTheEnd(fan: Fan, line: string): Promise<void> {
  await expect(fan.row(line)).toBeInViewport();
  await expect(fan.button("Newest messages")).toHaveCount(0);
  await expect(fan.pill).toHaveCount(0);
  await expect.poll(() => fan.log.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight)).toBeLessThanOrEqual(1);
}

/** The words of a line in the middle of the view. */
function inTheMiddle(fan: Fan): Promise<string> {
  return fan.log.evaluate((log) => {
    const view = log.getBoundingClientRect();
    const rows = [...log.querySelectorAll(".message")];
    const row = rows.find((row) => row.getBoundingClientRect().top > view.top + view.height / 2);
    return row?.querySelector(".message__text")?.textContent ?? "";
  });
}

async function scrollUp(fan: Fan): Promise<void> {
  await fan.log.hover();
  await fan.page.mouse.wheel(0, -900);
  await expect.poll(() => fan.log.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight)).toBeGreaterThan(400);
}
