// The pictures of docs/screenshots/: each state of each view, as a fan meets it. What is judged here is that the state
// is reached and that the file stays small; whether it is beautiful is for people to say.

import { execFile } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "@playwright/test";
import { turnAway } from "../support/busy.ts";
import { Desk } from "../support/desk.ts";
import type { Fan } from "../support/fan.ts";
import type { House } from "../support/house.ts";
import { Member, Stage } from "../support/stage.ts";
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

/** A moderator at work in a full room, with a troll's lines reported. */
async function atTheDesk(setting: Setting): Promise<Desk> {
  const { fan, house, slug, newVoice, newFan } = setting;
  await fan.walkIn(slug, await house.issueOne(slug, "moderator"), "Ines");
  await fillTheRoom(setting);
  const troll = await newVoice(slug, "bass_drop_88");
  await troll.say("who wants free stuff", SPAM);
  const witness = await newFan();
  await witness.walkIn(slug, await house.issueOne(slug), "Amaru");
  await witness.report(SPAM, "Spam");
  await pictureIsThere(fan);
  const desk = new Desk(fan);
  await desk.switchOn();
  await expect(desk.tool(/^Reports/)).toContainText("1");
  return desk;
}

const SPAM = "FREE TICKETS for the afterparty at http://free-vesna-tix.example/win be quick!!!";

/** Selects a line, in the way of the device. */
async function selectSpam(desk: Desk): Promise<void> {
  await desk.fan.log.focus();
  await desk.press("ArrowUp");
  await expect(desk.selected).toContainText("FREE TICKETS");
  await expect(desk.acts).toContainText("Ban, and hide all 2 messages");
}

const PICTURES: Record<string, Picture> = {
  admin: {
    looks: EVERY,
    reach: async (setting) => {
      const desk = await atTheDesk(setting);
      await selectSpam(desk);
      await desk.act("Spam");
    },
  },
  "admin-undo": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const desk = await atTheDesk(setting);
      await selectSpam(desk);
      await desk.act(/^Hide this message/);
      await desk.isTold("Message hidden.");
    },
  },
  "admin-reports": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const desk = await atTheDesk(setting);
      await desk.open("Reports");
      await expect(desk.panel).toContainText("FREE TICKETS");
    },
  },
  "admin-questions": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const { fan, house, slug } = setting;
      const desk = await atTheDesk(setting);
      for (const [who, question] of QUESTIONS) await (await Member.join(fan.context.browser()!, house, slug, `${who} 2`)).ask(question);
      await desk.open("Questions");
      await expect(desk.asked).toHaveCount(QUESTIONS.length);
      await desk.actOnQuestion(QUESTIONS[0]![1], "Let in");
      await desk.isTold("Question let into the queue.");
    },
  },
  "admin-people": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const desk = await atTheDesk(setting);
      await desk.open("People");
      await expect(desk.panel).toContainText("bass_drop_88");
    },
  },
  "admin-audit": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      const desk = await atTheDesk(setting);
      await selectSpam(desk);
      await desk.press("h");
      await desk.isTold("Message hidden.");
      await desk.open("Audit");
      await expect(desk.panel).toContainText("hid a message");
    },
  },
  "admin-quiet": {
    looks: ONE_A_SIZE,
    reach: async ({ house, slug, fan }) => {
      await fan.walkIn(slug, await house.issueOne(slug, "moderator"), "Ines");
      const desk = new Desk(fan);
      await desk.switchOn();
      await desk.open("Reports");
      await expect(desk.panel).toContainText("Nothing is reported.");
      await pictureIsThere(fan);
    },
  },
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
  "gate-busy": {
    looks: ONE_A_SIZE,
    reach: async (setting) => {
      setting.fan.mayLog(status(503));
      await atTheGate(setting);
      await turnAway(setting.fan.page, 20_000);
      await setting.fan.enter(await setting.house.issueOne(setting.slug));
      await expect(setting.fan.page.getByRole("alert")).toContainText("The box office is busy.");
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

/** A question on stage and one that was answered, everybody's taps, and an own question being written. */
async function feelTheRoom(browser: Browser, setting: Setting): Promise<void> {
  const { fan, house, slug } = setting;
  const crowd = await playTheCrowd(fan);
  await fan.walkIn(slug, await house.issueOne(slug), MARIT);
  await fillTheRoom(setting);
  await pictureIsThere(fan);
  const [anvi, amaru, artist] = await Promise.all([
    Member.join(browser, house, slug, "row of one"),
    Member.join(browser, house, slug, "Amaru"),
    Member.join(browser, house, slug, null, "artist"),
  ]);
  const dog = await amaru.ask("Who is the dog on the album sleeve?");
  await artist.does("answer", { target: dog, text: "That is Bruno. He sang on three takes and was right each time." });
  const boat = await anvi.ask("Is the boat in “Last Boat” a real boat?");
  const verse = await amaru.ask("Do you also hate the second verse now?");
  await artist.does("spotlight", { target: boat });
  await expect(fan.spotlight).toContainText("real boat");
  await fan.vote("Do you also hate the second verse now?").click();
  await expect.poll(() => anvi.heard("votes")).not.toBeNull();
  crowd({ type: "votes", counts: { [boat]: 312, [verse]: 151, [dog]: 208 } });
  const totals = { "👏": 4_812, "❤️": 12_431, "🔥": 9_206, "😂": 1_377, "😮": 804, "🎉": 2_951 };
  for (const counts of [{ "❤️": 40, "👏": 12 }, { "🔥": 30, "❤️": 20 }, { "🎉": 9, "🔥": 20 }]) crowd({ type: "reactions", counts, totals });
  await fan.asking.click();
  await fan.field.fill("Which harbour was the last one");
  await expect(fan.reaction("❤️")).toContainText("12.4");
}

for (const [size, theme] of [...EVERY, ["side", "dark"]] as const) {
  test(`room-feeling, ${size}, ${theme}`, async ({ browser, house, newFan, newVoice }) => {
    const { slug } = await house.announce();
    const look = size === "side" ? { ...SIZES.phone, viewport: { width: 844, height: 390 } } : SIZES[size];
    const fan = await newFan({ ...look, colorScheme: theme });
    await feelTheRoom(browser, { house, slug, fan, newFan, newVoice });
    await take(fan, `room-feeling-${size}-${theme}`);
  });
}

/** What the row asks tonight, the most asked last: who, what, and how many asked it too. */
const QUESTIONS: [string, string, number][] = [
  ["zeynep", "What do you eat after a show?", 41],
  ["กานต์", "Bangkok, when? We have boats too.", 96],
  ["Jürgen from Accounting", "Do you also hate the second verse now?", 151],
  ["row of one", "Who is the dog on the album sleeve?", 208],
  ["अन्वी", "Is the boat in “Last Boat” a real boat?", 312],
];

/** The swell of a minute: one forty seconds ago, a larger one now fading. */
const swell = (second: number) => 30 + 90 * Math.exp(-(((second - 22) / 4) ** 2)) + 190 * Math.exp(-(((second - 48) / 5) ** 2)) + 20 * Math.abs(Math.sin(second / 3));
const MINUTE = Array.from({ length: 60 }, (_, second) => Math.round(16 * swell(second)));
const SUMS = Array.from({ length: 84 }, (_, step) => Math.round(9_000 + 7_000 * Math.sin(step / 6) + 26_000 * Math.exp(-(((step - 60) / 7) ** 2))));

/** A room of thousands, played to the page: the house of a picture has a dozen. */
async function playTheCrowd(fan: Fan): Promise<(frame: object) => void> {
  let tell = (_: object) => {};
  await fan.page.routeWebSocket(/\/socket/, (socket) => {
    const server = socket.connectToServer();
    tell = (frame) => socket.send(JSON.stringify([frame]));
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => socket.send(String(message).replace(/"online":\d+/g, '"online":12486')));
  });
  await fan.page.route("**/reactions", async (route) => {
    const mood = { since: Date.now() - 5_040_000, step_ms: 60_000, sums: SUMS, minute: MINUTE };
    await route.fulfill({ json: mood });
  });
  return (frame) => tell(frame);
}

const STAGES = {
  quiet: async () => {},
  busy: async (_: Stage, ask: Asking) => {
    for (const question of QUESTIONS.slice(1, 4)) await ask(...question);
  },
  storm: async (stage: Stage, ask: Asking) => {
    for (const question of QUESTIONS) await ask(...question);
    await expect(stage.asked).toHaveCount(3);
    await stage.press("PageDown");
    await stage.isTold("In the spotlight.");
  },
};
type Asking = (who: string, text: string, votes: number) => Promise<void>;

const STAGE_LOOKS: [keyof typeof STAGES, "landscape" | "portrait", "dark" | "bright"][] = [
  ["quiet", "landscape", "dark"],
  ["busy", "landscape", "dark"],
  ["storm", "landscape", "dark"],
  ["storm", "landscape", "bright"],
  ["storm", "portrait", "dark"],
  ["storm", "portrait", "bright"],
];

for (const [state, way, light] of STAGE_LOOKS) {
  test(`stage, ${state}, ${way}, ${light}`, async ({ browser, house, newFan, newVoice }) => {
    const { slug } = await house.announce();
    const fan = await newFan({ viewport: way === "landscape" ? { width: 1920, height: 1080 } : { width: 1080, height: 1920 } });
    const tell = state === "quiet" ? () => {} : await playTheCrowd(fan);
    if (state !== "quiet") await fillTheRoom({ house, slug, fan, newVoice, newFan });
    const stage = await Stage.stepOn(fan, house, slug);
    const crew = await Member.join(browser, house, slug, "Ines", "moderator");
    await STAGES[state](stage, async (who, text, votes) => {
      const target = await (await Member.join(browser, house, slug, `${who} 2`)).ask(text);
      await crew.does("queue", { target, on: true });
      await expect(stage.asked.filter({ hasText: text }).or(stage.queue.getByText("more"))).not.toHaveCount(0);
      tell({ type: "votes", counts: { [target]: votes } });
    });
    if (state === "storm") {
      const late = await newVoice(slug, "Дядя Паша");
      await late.say("Vesna, I am the one ironing. Hello!");
      await expect(stage.lines).toContainText("ironing");
    }
    if (light === "bright") await stage.press("d");
    if (state !== "quiet") tell({ type: "reactions", counts: { "❤️": 214, "👏": 96, "🔥": 71, "😮": 12 }, totals: {} });
    if (state === "storm") tell({ type: "reactions", counts: { "❤️": 1_926, "👏": 864, "🔥": 639, "😮": 108 }, totals: {} });
    await expect(stage.feel.locator(".stage__mood")).toBeVisible();
    await take(fan, `stage-${state}-${way}-${light}`);
  });
}

async function take(fan: Fan, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await fan.page.evaluate(() => document.fonts.ready);
  await fan.page.mouse.move(0, 0); // nothing is pointed at
  const path = join(FOLDER, `${name}.png`);
  await fan.page.screenshot({ path, animations: "disabled", caret: "hide" });
  await promisify(execFile)("pngquant", ["--force", "--strip", "--speed", "1", "--output", path, path]);
  expect(statSync(path).size).toBeLessThanOrEqual(LARGEST_FILE);
}
