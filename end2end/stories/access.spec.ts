// Everybody gets in: by keyboard alone, on the narrowest phone, with a screen reader, in either theme.

import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";

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
  await fan.isInTheChat();
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

/** No sideways scroll, no text field that makes a phone zoom, no target under the least size of WCAG 2.2. */
async function expectFits(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const seen = [...document.querySelectorAll<HTMLElement>("button, input, textarea, a, summary")].filter((element) => element.checkVisibility() && !element.classList.contains("skip"));
    const small = seen.filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      return width < 24 || height < 24;
    });
    const zooms = seen.filter((element) => element.matches("input, textarea") && Number.parseFloat(getComputedStyle(element).fontSize) < 16);
    return {
      width: document.documentElement.scrollWidth,
      small: small.map((element) => element.outerHTML.slice(0, 120)),
      zooms: zooms.map((element) => element.outerHTML.slice(0, 120)),
    };
  });
  expect(found).toEqual({ width: expect.any(Number), small: [], zooms: [] });
  expect(found.width).toBeLessThanOrEqual(320);
}

// ── axe ──

async function expectAccessible(fan: Fan, state: string): Promise<void> {
  for (const theme of ["dark", "light"] as const) {
    await fan.page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page: fan.page }).analyze();
    const grave = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    expect(grave, `${state}, ${theme}`).toEqual([]);
  }
}

interface Setting {
  house: House;
  newFan: () => Promise<Fan>;
}

const STATES: Record<string, (setting: Setting) => Promise<Fan>> = {
  "the gate": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.openGate(slug);
    await expect(fan.codeField).toBeVisible();
    return fan;
  },
  "the gate with a wrong code": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    fan.mayLog(status(401));
    await fan.openGate(slug);
    await fan.enter("WR0N-GC0D-EXYZ");
    await expect(fan.page.getByRole("alert")).toBeVisible();
    return fan;
  },
  "a ticket before the doors": async ({ house, newFan }) => {
    const { slug } = await house.announce({ doorsAt: new Date(Date.now() + 3_600_000), startsAt: new Date(Date.now() + 7_200_000) });
    const fan = await newFan();
    fan.mayLog(status(403));
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await expect(fan.heading("The doors are still closed")).toBeVisible();
    return fan;
  },
  "an address without an event": async ({ newFan }) => {
    const fan = await newFan();
    fan.mayLog(status(404));
    await fan.openGate("nothing-here");
    await expect(fan.heading("Nothing plays here")).toBeVisible();
    return fan;
  },
  "a ticket in use": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const code = await house.issueOne(slug);
    await (await newFan()).walkIn(slug, code, "Marit");
    const fan = await newFan();
    fan.mayLog(status(409));
    await fan.openGate(slug);
    await fan.enter(code);
    await expect(fan.heading("In use on another device")).toBeVisible();
    return fan;
  },
  "a seat that moved": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const code = await house.issueOne(slug);
    const fan = await newFan();
    await fan.walkIn(slug, code, "Marit");
    const other = await newFan();
    other.mayLog(status(409));
    await other.openGate(slug);
    await other.enter(code);
    await other.press("Move my seat here");
    await expect(fan.heading("Your seat moved to another device")).toBeVisible();
    return fan;
  },
  "the nickname, taken": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const [one, two] = await house.issue(slug, 2);
    await (await newFan()).walkIn(slug, one!, "Marit");
    const fan = await newFan();
    await fan.openGate(slug);
    await fan.enter(two!);
    await fan.nicknameField.fill("Marit");
    await expect(fan.page.getByText("Taken.")).toBeVisible();
    return fan;
  },
  "the nickname, free": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await fan.nicknameField.fill("Marit");
    await expect(fan.page.getByText("It’s yours if you want it.")).toBeVisible();
    return fan;
  },
  "a busy room": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const artist = await newFan();
    await artist.openGate(slug);
    await artist.enter(await house.issueOne(slug, "artist"));
    await artist.say("Hello Osaka.");
    const fan = await newFan();
    await fan.walkIn(slug, await house.issueOne(slug), "Marit");
    await fan.say("صوتها الليلة أحلى");
    await fan.say("words: https://saltlyrics.example/");
    await fan.sees("Hello Osaka.");
    return fan;
  },
  "an empty room": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.walkIn(slug, await house.issueOne(slug), "Marit");
    return fan;
  },
  "a room about to be left": async ({ house, newFan }) => {
    const fan = await STATES["an empty room"]!({ house, newFan });
    await fan.press("Leave the room");
    await expect(fan.page.getByRole("dialog")).toBeVisible();
    return fan;
  },
  "a room without its line": async ({ house, newFan }) => {
    const fan = await STATES["an empty room"]!({ house, newFan });
    fan.mayLog(...NO_LINE);
    await house.kill();
    await expect(fan.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
    return fan;
  },
  "a chat in another tab": async ({ house, newFan }) => {
    const fan = await STATES["an empty room"]!({ house, newFan });
    await (await fan.context.newPage()).goto(fan.page.url());
    await expect(fan.heading("The chat is open in another tab.")).toBeVisible();
    return fan;
  },
  "a stream without a chat": async ({ house, newFan }) => {
    const { slug } = await house.announce({ chat: false });
    const fan = await newFan();
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await expect(fan.room).toBeVisible();
    return fan;
  },
  "a show that is over": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    await house.end(slug);
    const fan = await newFan();
    await fan.openGate(slug);
    await expect(fan.heading("The show is over")).toBeVisible();
    return fan;
  },
};

for (const [state, reach] of Object.entries(STATES)) {
  test(`axe finds nothing serious in ${state}`, async ({ house, newFan }) => {
    await expectAccessible(await reach({ house, newFan }), state);
  });
}
