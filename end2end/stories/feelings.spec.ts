// What the room feels: taps that everybody sees, counted once, told calmly, and quiet for who wants it so.

import type { Fan } from "../support/fan.ts";
import { expectForEverybody } from "../support/everybody.ts";
import { Member } from "../support/stage.ts";
import { NO_LINE, expect, test } from "../support/story.ts";

const APPLAUSE = "👏";
const FIRE = "🔥";

const counts = (fan: Fan, emoji: string) => expect.poll(() => fan.tapped(emoji));

/** How many emoji are on their way up. */
const floating = (fan: Fan) => fan.page.locator(".floats").evaluate((floats) => floats.getAnimations({ subtree: true }).length);

test("a tap is seen at once, by everybody, and counts once", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  const zeynep = await newFan();
  await zeynep.walkIn(slug, await house.issueOne(slug), "zeynep");

  await marit.reaction(APPLAUSE).click();
  expect(await marit.tapped(APPLAUSE)).toBe(1);
  await counts(zeynep, APPLAUSE).toBe(1);
  await zeynep.reaction(APPLAUSE).click();
  await zeynep.reaction(FIRE).click();
  for (const fan of [marit, zeynep]) {
    await counts(fan, APPLAUSE).toBe(2);
    await counts(fan, FIRE).toBe(1);
  }

  await marit.page.reload();
  await counts(marit, APPLAUSE).toBe(2);
  await counts(marit, FIRE).toBe(1);
});

test("a button that is held down is tapped again and again, and no faster than counts", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const [marit, late] = [await newFan(), await newFan()];
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  await marit.reaction(FIRE).hover();
  await marit.page.mouse.down();
  await counts(marit, FIRE).toBeGreaterThan(8);
  await marit.page.mouse.up();
  const tapped = await marit.tapped(FIRE);
  await late.walkIn(slug, await house.issueOne(slug), "zeynep");
  await counts(late, FIRE).toBe(tapped);
  expect(await marit.tapped(FIRE)).toBe(tapped);
});

test("keys tap too: Enter on a button, digits in the bar, and nowhere else", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  await marit.field.pressSequentially("123");
  await marit.reaction(APPLAUSE).focus();
  await marit.page.keyboard.press("Enter");
  await marit.page.keyboard.press("3");
  await counts(marit, APPLAUSE).toBe(1);
  await counts(marit, FIRE).toBe(1);
  await marit.log.focus();
  await marit.page.keyboard.press("1");
  await marit.reaction(APPLAUSE).focus();
  await marit.page.keyboard.press("Space");
  await counts(marit, APPLAUSE).toBe(2);
});

test("taps float over the stream, unless motion is unwelcome: then they count", async ({ browser, house, newFan }) => {
  const { slug } = await house.announce();
  const moved = await newFan();
  await moved.walkIn(slug, await house.issueOne(slug), "Marit");
  const calm = await newFan({ reducedMotion: "reduce" });
  await calm.walkIn(slug, await house.issueOne(slug), "zeynep");
  const other = await Member.join(browser, house, slug, "row of one");
  await other.feel(FIRE, 5);
  await expect.poll(() => floating(moved)).toBeGreaterThan(0);
  await counts(calm, FIRE).toBe(5);
  expect(await floating(calm)).toBe(0);
  await expect.poll(() => floating(moved)).toBe(0);
});

test("a screen reader hears how the room feels now and then", async ({ browser, house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  const told = await marit.listen();
  const other = await Member.join(browser, house, slug, "row of one");
  await other.feel(APPLAUSE, 5);
  await other.feel(FIRE, 2);
  await counts(marit, FIRE).toBe(2);
  const summaries = async () => (await told()).filter((words) => words.includes("in the last ten seconds"));
  await expect.poll(summaries, { timeout: 30_000 }).toEqual([`5 ${APPLAUSE}, 2 ${FIRE} in the last ten seconds`]);
});

test("without a line taps are nothing, and nothing is made up afterwards", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  marit.mayLog(...NO_LINE);
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  await marit.reaction(APPLAUSE).click();
  await counts(marit, APPLAUSE).toBe(1);
  await house.kill();
  await expect(marit.reaction(APPLAUSE)).toHaveAttribute("aria-disabled", "true");
  await marit.reaction(APPLAUSE).click({ force: true });
  expect(await marit.tapped(APPLAUSE)).toBe(1);
  await house.restart();
  await expect(marit.reaction(APPLAUSE)).not.toHaveAttribute("aria-disabled");
});

test("what the organizer offers is what there is, also when that changes", async ({ house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  await expect(marit.reactions.getByRole("button")).toHaveCount(6);
  await house.offer(slug, "🎸", "🥁");
  await expect(marit.reactions.locator(".reaction__emoji")).toHaveText(["🎸", "🥁"]);
});

test("the room with all its feelings is for everybody", async ({ browser, house, newFan }) => {
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  const artist = await Member.join(browser, house, slug, null, "artist");
  const asker = await Member.join(browser, house, slug, "row of one");
  const dog = await asker.ask("Who is the dog?");
  const boat = await asker.ask("Is the boat real?");
  await artist.does("answer", { target: dog, text: "Bruno." });
  await artist.does("spotlight", { target: boat });
  await marit.asking.click();
  await expect(marit.spotlight).toContainText("Is the boat real?");
  await expectForEverybody(marit, "feelings");
});
