// A live stream as organizers have it: HLS, from a content network. Some browsers play it alone; to others we bring what
// it takes, from our own server.

import { Cdn } from "../support/cdn.ts";
import type { Fan } from "../support/fan.ts";
import { expect, status, test as base } from "../support/story.ts";

// Automatic, so that it is there before the first fan and closes after the last one: whoever still watches would complain.
const test = base.extend<{ cdn: Cdn }>({
  cdn: [
    async ({}, use) => {
      const cdn = await Cdn.open();
      await use(cdn);
      await cdn.close();
    },
    { auto: true },
  ],
});

/** A browser that says it cannot play HLS alone. */
async function cannotPlayHls(fan: Fan): Promise<void> {
  await fan.context.addInitScript(() => {
    const canPlay = HTMLMediaElement.prototype.canPlayType;
    HTMLMediaElement.prototype.canPlayType = function (type) {
      return type.includes("mpegurl") ? "" : canPlay.call(this, type);
    };
  });
}

async function expectItMoves(fan: Fan): Promise<void> {
  await expect.poll(() => fan.video.evaluate((video) => (video as HTMLVideoElement).currentTime)).toBeGreaterThan(0.5);
}

const fetchedHlsJs = (fan: Fan) =>
  fan.page.evaluate(() => performance.getEntriesByType("resource").some((entry) => entry.name.includes("/vendor/hls-")));

test("hls.js is fetched only where the browser needs it", async ({ house, newFan, cdn }) => {
  const { slug } = await house.announce({ stream: cdn.show });
  const fan = await newFan();
  fan.mayLog(new RegExp(`asked somebody else: ${cdn.origin}`));
  const alone = await fan.page.evaluate(() => document.createElement("video").canPlayType("application/vnd.apple.mpegurl"));
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await expectItMoves(fan);
  expect(await fetchedHlsJs(fan)).toBe(alone === "");
});

test("to a browser that cannot we bring hls.js, and the show plays", async ({ house, newFan, cdn }) => {
  const { slug } = await house.announce({ stream: cdn.show });
  const fan = await newFan();
  fan.mayLog(new RegExp(`asked somebody else: ${cdn.origin}`));
  await cannotPlayHls(fan);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await expectItMoves(fan);
  expect(await fetchedHlsJs(fan)).toBe(true);
  expect(cdn.asked).toEqual(expect.arrayContaining(["/show.m3u8", "/0.ts"]));
  await fan.say("it plays");
});

test("a live stream that is not there is said, and the chat goes on", async ({ house, newFan, cdn }) => {
  const { slug } = await house.announce({ stream: cdn.show });
  cdn.breakDown();
  const fan = await newFan();
  fan.mayLog(new RegExp(`asked somebody else: ${cdn.origin}`), status(404));
  await cannotPlayHls(fan);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await expect(fan.page.locator(".stream__note")).toContainText("The picture stopped");
  await fan.say("is it only me");
});
