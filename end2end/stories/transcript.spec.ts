// The transcript: as long as the night, as light as its first minute.

import type { Fan } from "../support/fan.ts";
import { expect, test } from "../support/story.ts";


const numbered = (from: number, count: number) => Array.from({ length: count }, (_, place) => `line ${from + place}`);

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

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
