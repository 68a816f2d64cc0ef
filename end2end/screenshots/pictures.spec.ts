// The pictures of docs/screenshots/: each state of each view, as a fan meets it. What is judged here is that the state
// is reached and that the file stays small; whether it is beautiful is for people to say.

import { execFile } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";
import type { Voice } from "../support/voice.ts";

const FOLDER = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
/** A page that shows a few of them still loads quickly. */
const LARGEST_FILE = 400_000;
const SIZES = {
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, deviceScaleFactor: 2 },
  laptop: { viewport: { width: 1440, height: 900 } },
};
type Size = keyof typeof SIZES;
type Theme = "dark" | "light";

/** Main states are shown in every size and theme; the others once a size, so that both themes are seen. */
const EVERY: [Size, Theme][] = [["phone", "dark"], ["phone", "light"], ["laptop", "dark"], ["laptop", "light"]];
const ONE_A_SIZE: [Size, Theme][] = [["phone", "dark"], ["laptop", "light"]];

interface Setting {
  house: House;
  slug: string;
  fan: Fan;
  newFan: () => Promise<Fan>;
  newVoice: (slug: string, nickname: string | null, role?: "fan" | "artist" | "moderator") => Promise<Voice>;
}

interface Picture {
  looks: [Size, Theme][];
  reach: (setting: Setting) => Promise<void>;
}

const MARIT = "Marit vom Deck";

/** What the row says tonight: who, and their line. `*` is the artist, `+` the crew. */
const EVENING: [string, string][] = [
  ["Jürgen from Accounting", "told my wife this is a webinar"],
  ["ひなた", "こっちは朝の4時です。コーヒーとヴェスナで幸せ"],
  ["+", "Evening, all. Encore guesses stay in your heads, please: some of us like surprises."],
  ["نور", "صوتها الليلة أحلى من التسجيل بكثير"],
  ["Thandiwe", "the BASS. my neighbours are now also attending"],
  ["Thandiwe", "not by choice"],
  ["Pilar de noche", "words for anyone singing along: https://saltlyrics.example/harbour-song?v=2 (second verse is wrong, she sings “rust”, not “trust”)"],
  ["zeynep", "mine knocked to complain. he is on the sofa now"],
  ["अन्वी", "क्या ‘Last Boat’ वाली नाव सच में है? Is the boat real?"],
  ["*", "I can see you going past on the side of the stage. Hello Osaka. Hello whoever is ironing."],
  ["Дядя Женя", "Глажу. Привет!"],
  ["σοφία_κ", "δεν κλαίω, εσύ κλαις"],
  ["กานต์", "ร้องไห้เหมือนกัน"],
];

async function fillTheRoom({ slug, newVoice }: Setting): Promise<void> {
  const voices = new Map<string, Voice>();
  for (const [who, line] of EVENING) {
    const voice = voices.get(who) ?? (await enter(who));
    voices.set(who, voice);
    await voice.say(line);
  }

  function enter(who: string): Promise<Voice> {
    if (who === "*") return newVoice(slug, null, "artist");
    return who === "+" ? newVoice(slug, "Mo", "moderator") : newVoice(slug, who);
  }
}

/** In the room before the others, so that the footlights have seen them come. */
async function sitDown(setting: Setting): Promise<void> {
  const { fan, house, slug } = setting;
  await fan.walkIn(slug, await house.issueOne(slug), MARIT);
  await fillTheRoom(setting);
  await everybodyIsHere(fan);
  await pictureIsThere(fan);
}

async function everybodyIsHere(fan: Fan): Promise<void> {
  const [, last] = EVENING.at(-1)!;
  await fan.sees(last);
  const others = new Set(EVENING.map(([who]) => who)).size;
  await expect(fan.page.locator(".chat__people")).toHaveText(`${others + 1} here`);
}

async function pictureIsThere(fan: Fan): Promise<void> {
  await expect
    .poll(() => fan.video.evaluate((video) => (video as HTMLVideoElement).currentTime))
    .toBeGreaterThan(0.5);
}

async function atTheGate({ fan, slug }: Setting): Promise<void> {
  await fan.openGate(slug);
  await expect(fan.codeField).toBeVisible();
}

async function atTheNickname(setting: Setting): Promise<void> {
  await atTheGate(setting);
  await setting.fan.enter(await setting.house.issueOne(setting.slug));
  await expect(setting.fan.nicknameField).toBeVisible();
}

const PICTURES: Record<string, Picture> = {
  gate: { looks: EVERY, reach: atTheGate },
  "gate-before-the-show": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const slug = await tomorrow(setting.house);
      await atTheGate({ ...setting, slug });
    },
  },
  "gate-wrong-code": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      setting.fan.mayLog(status(401));
      await atTheGate(setting);
      await setting.fan.enter("K7QF2-MXP9T-RV4H");
      await expect(setting.fan.page.getByRole("alert")).toBeVisible();
    },
  },
  "gate-doors-closed": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const slug = await tomorrow(setting.house);
      setting.fan.mayLog(status(403));
      await atTheGate({ ...setting, slug });
      await setting.fan.enter(await setting.house.issueOne(slug));
      await expect(setting.fan.heading("The doors are still closed")).toBeVisible();
    },
  },
  "gate-in-use": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const code = await setting.house.issueOne(setting.slug);
      await (await setting.newFan()).walkIn(setting.slug, code, MARIT);
      setting.fan.mayLog(status(409));
      await atTheGate(setting);
      await setting.fan.enter(code);
      await expect(setting.fan.heading("In use on another device")).toBeVisible();
    },
  },
  "gate-seat-moved": {
    looks: ONE_A_SIZE,
    reach: async ({ house, slug, fan, newFan }) => {
      const code = await house.issueOne(slug);
      await fan.walkIn(slug, code, MARIT);
      const laptop = await newFan();
      laptop.mayLog(status(409));
      await laptop.openGate(slug);
      await laptop.enter(code);
      await laptop.press("Move my seat here");
      await expect(fan.heading("Your seat moved to another device")).toBeVisible();
    },
  },
  "gate-over": {
    looks: ONE_A_SIZE,
    reach: async ({ house, slug, fan }) => {
      await house.end(slug);
      await fan.openGate(slug);
      await expect(fan.heading("The show is over")).toBeVisible();
    },
  },
  "gate-no-event": {
    looks: ONE_A_SIZE,
    reach: async ({ fan }) => {
      fan.mayLog(status(404));
      await fan.openGate("nothing-here");
      await expect(fan.heading("Nothing plays here")).toBeVisible();
    },
  },
  nickname: {
    looks: EVERY,
    reach: async (setting) => {
      await atTheNickname(setting);
      await setting.fan.nicknameField.fill(MARIT);
      await expect(setting.fan.page.getByText("It’s yours if you want it.")).toBeVisible();
    },
  },
  "nickname-taken": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      await setting.newVoice(setting.slug, "Marit");
      await atTheNickname(setting);
      await setting.fan.nicknameField.fill("Marit");
      await expect(setting.fan.page.getByText("Taken.")).toBeVisible();
    },
  },
  room: {
    looks: EVERY,
    reach: async (setting) => {
      await sitDown(setting);
      await setting.fan.say("that chorus was all of 2019 in eleven seconds");
      await setting.fan.field.blur();
    },
  },
  "room-empty": {
    looks: ONE_A_SIZE,
    reach: async ({ house, slug, fan }) => {
      await fan.walkIn(slug, await house.issueOne(slug), MARIT);
      await pictureIsThere(fan);
    },
  },
  "room-not-sent": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const { fan } = setting;
      let refusing = false;
      await fan.page.routeWebSocket(/\/socket/, (socket) => {
        const server = socket.connectToServer();
        socket.onMessage((message) => {
          const frame = JSON.parse(String(message)) as { type: string; id?: string; text?: string };
          if (frame.type !== "send" || !refusing) server.send(message);
          else if (frame.text?.startsWith("PLAY")) {
            socket.send(JSON.stringify([{ type: "refused", id: frame.id, code: "invalid" }]));
          }
        });
      });
      await sitDown(setting);
      await fan.say("that chorus was all of 2019 in eleven seconds");
      refusing = true;
      await fan.send("PLAY THE FERRY ONE");
      await expect(fan.row("PLAY THE FERRY ONE")).toHaveAttribute("data-state", "failed");
      await fan.send("who is cutting onions in row three");
      await expect(fan.row("who is cutting onions in row three")).toHaveAttribute("data-state", "pending");
    },
  },
  "room-new-messages": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      await sitDown(setting);
      const { fan } = setting;
      await fan.log.evaluate((log) => {
        log.scrollTop = 0;
      });
      const late = await setting.newVoice(setting.slug, "Amaru");
      await late.say("just arrived", "what did I miss", "the BASS, apparently");
      await expect(fan.pill).toBeVisible();
    },
  },
  "room-reconnecting": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      await sitDown(setting);
      setting.fan.mayLog(...NO_LINE);
      await setting.fan.field.fill("PLAY THE FERRY ONE (please)");
      await setting.house.kill();
      await expect(setting.fan.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
    },
  },
  "room-unavailable": {
    looks: ONE_A_SIZE,
    reach: async ({ house, slug, fan }) => {
      fan.mayLog(...NO_LINE);
      await fan.page.routeWebSocket(/\/socket/, (socket) => void socket.close({ code: 4000 }));
      await fan.openGate(slug);
      await fan.enter(await house.issueOne(slug));
      await fan.call(MARIT);
      await expect(fan.heading("The chat is taking a breath. The show goes on.")).toBeVisible();
      await pictureIsThere(fan);
    },
  },
  "room-other-tab": {
    looks: ONE_A_SIZE,
    reach: async ({ house, slug, fan }) => {
      await fan.walkIn(slug, await house.issueOne(slug), MARIT);
      await (await fan.context.newPage()).goto(fan.page.url());
      await expect(fan.heading("The chat is open in another tab.")).toBeVisible();
      await fan.page.bringToFront();
    },
  },
  "room-watching": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      await fillTheRoom(setting);
      await atTheNickname(setting);
      await setting.fan.page.getByText("Just watch").click();
      await everybodyIsHere(setting.fan);
      await pictureIsThere(setting.fan);
    },
  },
  "room-leaving": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      await sitDown(setting);
      await setting.fan.press("Leave the room");
      await expect(setting.fan.page.getByRole("dialog")).toBeVisible();
    },
  },
  "room-without-chat": {
    looks: ONE_A_SIZE,
    reach: async ({ house, fan }) => {
      const { slug } = await house.announce({ slug: "quiet-night", chat: false });
      await fan.openGate(slug);
      await fan.enter(await house.issueOne(slug));
      await pictureIsThere(fan);
    },
  },
};

async function tomorrow(house: House): Promise<string> {
  const startsAt = new Date(Date.now() + 5_047_000);
  const { slug } = await house.announce({ slug: "tomorrow", startsAt, doorsAt: new Date(startsAt.getTime() - 1_800_000) });
  return slug;
}

for (const [name, { looks, reach }] of Object.entries(PICTURES)) {
  for (const [size, theme] of looks) {
    test(`${name}, ${size}, ${theme}`, async ({ house, newFan, newVoice }) => {
      const { slug } = await house.announce();
      const fan = await newFan({ ...SIZES[size], colorScheme: theme });
      await reach({ house, slug, fan, newFan, newVoice });
      await take(fan, `${name}-${size}-${theme}`);
    });
  }
}

test("room, phone on its side", async ({ house, newFan, newVoice }) => {
  const { slug } = await house.announce();
  const fan = await newFan({ ...SIZES.phone, viewport: { width: 844, height: 390 }, colorScheme: "dark" });
  await sitDown({ house, slug, fan, newFan, newVoice });
  await fan.say("that chorus was all of 2019 in eleven seconds");
  await fan.field.blur();
  await take(fan, "room-phone-landscape");
});

async function take(fan: Fan, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await fan.page.evaluate(() => document.fonts.ready);
  await fan.page.mouse.move(0, 0); // nothing is pointed at
  const path = join(FOLDER, `${name}.png`);
  await fan.page.screenshot({ path, animations: "disabled", caret: "hide" });
  await promisify(execFile)("pngquant", ["--force", "--strip", "--speed", "1", "--output", path, path]);
  expect(statSync(path).size).toBeLessThanOrEqual(LARGEST_FILE);
}
