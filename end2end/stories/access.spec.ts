// Everybody gets in: by keyboard alone, on the narrowest phone, with a screen reader, in either theme.

import type { Locator, Page } from "@playwright/test";
import { expectFits } from "../support/fits.ts";
import { expect, test } from "../support/story.ts";

/** Tab stops until a control that should be near is given up on. */
const PATIENCE = 30;

async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let stops = 0; stops < PATIENCE; stops += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`cannot be reached by keyboard: ${target}`);
}

test("the whole evening works by keyboard alone", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  const { keyboard } = fan.page;
  await fan.openGate(slug);
  await tabTo(fan.page, fan.codeField);
  await keyboard.type(code);
  await keyboard.press("Enter");

  await tabTo(fan.page, fan.nicknameField);
  await keyboard.type("Marit vom Deck");
  await expect(fan.page.getByText("It’s yours if you want it.")).toBeVisible();
  await keyboard.press("Enter");

  await tabTo(fan.page, fan.field);
  await keyboard.type("no mouse on this boat");
  await keyboard.press("Enter");
  await fan.sees("no mouse on this boat");

  await keyboard.press("Shift+Tab");
  await tabTo(fan.page, fan.button("Leave the room"));
  await keyboard.press("Enter");
  const dialog = fan.page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(fan.button("Leave the room")).toBeFocused();
  await keyboard.press("Enter");
  await tabTo(fan.page, dialog.getByRole("button", { name: "Leave the room" }));
  await keyboard.press("Enter");
  await expect(fan.codeField).toBeVisible();
});

test("a room without a chat begins at its heading", async ({ house, newFan }) => {
  const { slug } = await house.announce({ chat: false });
  const fan = await newFan();
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await expect(fan.room).toBeVisible();
  await expect(fan.heading(/, live$/)).toBeFocused();
});

test("the way to the code is offered only where there is a field for it", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  const way = fan.page.getByRole("link", { name: "Go to the ticket code" });
  await fan.openGate(slug);
  await fan.codeField.blur();
  await way.focus();
  await fan.page.keyboard.press("Enter");
  await expect(fan.codeField).toBeFocused();
  await fan.enter(code);
  await fan.call("Marit");
  await fan.hasCaughtUp();
  await house.end(slug);
  await expect(fan.heading("The show is over")).toBeVisible();
  await expect(way).toHaveCount(0);
});

test("focus is always to be seen", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  for (let stops = 0; stops < 12; stops += 1) {
    await fan.page.keyboard.press("Tab");
    const ring = await fan.page.evaluate(() => {
      const shown = (element: Element | null): boolean => {
        if (!element) return false;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
      };
      const element = document.activeElement;
      return element === document.body || shown(element) || shown(element?.closest(":focus-within:not(body)") ?? null) || shown(element?.parentElement ?? null);
    });
    expect(ring, `stop ${stops}`).toBe(true);
  }
});

test("nothing is wider than a screen of 320 pixels, and everything can be hit", async ({ house, newFan }) => {
  const { slug } = await house.announce({ title: "An Evening of Extraordinarily Quiet Songs for Large Rooms" });
  const code = await house.issueOne(slug);
  const fan = await newFan({ viewport: { width: 320, height: 568 }, hasTouch: true });
  await fan.openGate(slug);
  await expect(fan.codeField).toBeVisible();
  await expectFits(fan.page);
  await fan.enter(code);
  await expect(fan.nicknameField).toBeVisible();
  await expectFits(fan.page);
  await fan.call("Marit vom Deck mit Namen");
  await fan.isInTheChat();
  await fan.say("https://saltlyrics.example/".padEnd(300, "a-very-long-address"));
  await fan.say("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen");
  await expectFits(fan.page);
  await fan.press("Leave the room");
  await expectFits(fan.page);
});

test("a window of 320 by 256, as at 400 %, still reaches everything", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan({ viewport: { width: 320, height: 256 } });
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.say("small but here");
  await fan.row("small but here").scrollIntoViewIfNeeded();
  await expect(fan.row("small but here")).toBeInViewport();
  await expectFits(fan.page);
  await fan.press("Leave the room");
  await fan.page.getByRole("dialog").getByRole("button", { name: "Stay" }).click();
});
