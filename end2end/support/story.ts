// The `test` of all stories: a house, and as many people as the story needs. Afterwards every page must have been quiet.

import { type BrowserContextOptions, test as base } from "@playwright/test";
import { Fan } from "./fan.ts";
import { House, type Role } from "./house.ts";
import { Moderator } from "./moderator.ts";
import { Voice } from "./voice.ts";
import { Watch } from "./watch.ts";

interface Story {
  /** Options of `frontrow serve`; set with `test.use`. */
  serveOptions: string[];
  house: House;
  /** A person with a browser of their own: nothing is shared with the others. */
  newFan: (options?: BrowserContextOptions) => Promise<Fan>;
  /** A member without a page to look at. */
  newVoice: (slug: string, nickname: string | null, role?: Role) => Promise<Voice>;
  /** A moderator who acts over a raw socket. */
  newModerator: (slug: string, nickname?: string) => Promise<Moderator>;
}

export const test = base.extend<Story>({
  serveOptions: [[], { option: true }],

  house: async ({ serveOptions }, use, info) => {
    const house = await House.open(serveOptions);
    await use(house);
    await house.close();
    if (info.status !== info.expectedStatus) await info.attach("server", { body: house.lastWords });
  },

  newVoice: async ({ browser, house }, use) => {
    const voices: Voice[] = [];
    await use(async (slug, nickname, role) => {
      const voice = await Voice.join(browser, house, slug, nickname, role);
      voices.push(voice);
      return voice;
    });
    for (const voice of voices) await voice.leave();
  },

  newModerator: async ({ browser, house }, use) => {
    const moderators: Moderator[] = [];
    await use(async (slug, nickname) => {
      const moderator = await Moderator.join(browser, house, slug, nickname);
      moderators.push(moderator);
      return moderator;
    });
    for (const moderator of moderators) await moderator.leave();
  },

  newFan: async ({ browser, house, contextOptions }, use, info) => {
    const fans: Fan[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ ...contextOptions, ...options });
      const watch = new Watch(context, house.origin);
      const fan = new Fan(context, await context.newPage(), watch, house.origin);
      fans.push(fan);
      return fan;
    });
    for (const fan of fans) await fan.context.close();
    if (info.status === info.expectedStatus) for (const fan of fans) fan.expectQuiet();
  },
});

export { expect } from "@playwright/test";
export { NO_LINE, status } from "./watch.ts";
