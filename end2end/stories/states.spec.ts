// Each state of each page, looked at by axe in both themes and squeezed into the narrowest phone.

import { turnAway } from "../support/busy.ts";
import { expectForEverybody } from "../support/everybody.ts";
import type { Fan } from "../support/fan.ts";
import { expectFits } from "../support/fits.ts";
import type { House } from "../support/house.ts";
import type { Moderator } from "../support/moderator.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";

/** Nothing serious by axe, in both themes; and nothing that does not fit into 320 pixels. */
async function expectForEverybodyAnywhere(fan: Fan, state: string): Promise<void> {
  await expectForEverybody(fan, state);
  await fan.page.setViewportSize({ width: 320, height: 568 });
  await expectFits(fan.page);
}

interface Setting {
  house: House;
  newFan: () => Promise<Fan>;
  newModerator: (slug: string) => Promise<Moderator>;
}

/** Two fans, one of whom says two lines, and a moderator. */
async function moderated({ house, newFan, newModerator }: Setting): Promise<{ fan: Fan; crew: Moderator }> {
  const { slug } = await house.announce();
  const [one, two] = await house.issue(slug, 2);
  const [fan, loud] = [await newFan(), await newFan()];
  await fan.walkIn(slug, one!, "Marit");
  await loud.walkIn(slug, two!, "bass_drop_88");
  await loud.say("FREE TICKETS for the afterparty");
  await loud.say("be quick");
  await fan.sees("be quick");
  return { fan, crew: await newModerator(slug) };
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
  "a ticket in front of a busy house": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    fan.mayLog(status(503));
    await fan.openGate(slug);
    await turnAway(fan.page, 600_000);
    await fan.enter(await house.issueOne(slug));
    await expect(fan.page.getByRole("alert")).toContainText("The box office is busy.");
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
  "a room on its way": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.page.route(/\/room-.*\.wasm/, () => {});
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await fan.press("Just watch");
    await expect(fan.heading("Your ticket is good")).toBeVisible();
    return fan;
  },
  "a room that cannot be reached": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    fan.mayLog(/net::ERR_FAILED/);
    await fan.page.route(/\/room-.*\.wasm/, (route) => route.abort());
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await fan.press("Just watch");
    await expect(fan.heading("The room can’t be reached")).toBeVisible();
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
  "a room about to be left": async (setting) => {
    const fan = await STATES["an empty room"]!(setting);
    await fan.press("Leave the room");
    await expect(fan.page.getByRole("dialog")).toBeVisible();
    return fan;
  },
  "a room without its line": async (setting) => {
    const fan = await STATES["an empty room"]!(setting);
    fan.mayLog(...NO_LINE);
    await setting.house.kill();
    await expect(fan.page.getByText("Reconnecting. Your draft is safe.")).toBeVisible();
    return fan;
  },
  "a chat in another tab": async (setting) => {
    const fan = await STATES["an empty room"]!(setting);
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
  "a gate that cannot be reached": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    fan.mayLog(...NO_LINE);
    await fan.page.route(`**/api/events/${slug}`, (route) => route.abort());
    await fan.openGate(slug);
    await expect(fan.heading("The box office can’t be reached")).toBeVisible();
    return fan;
  },
  "a ticket that was taken back": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const code = await house.issueOne(slug);
    const fan = await newFan();
    await fan.walkIn(slug, code, "Marit");
    await house.revoke(slug, code);
    await expect(fan.heading("This ticket was taken back")).toBeVisible();
    return fan;
  },
  "a room without a name": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await fan.press("Just watch");
    await expect(fan.page.getByText("You are watching without a name.")).toBeVisible();
    return fan;
  },
  "the question for a name over the room": async (setting) => {
    const fan = await STATES["a room without a name"]!(setting);
    await fan.press("Choose a nickname");
    await expect(fan.page.getByRole("dialog")).toBeVisible();
    return fan;
  },
  "a line that was not sent": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.page.routeWebSocket(/\/socket/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => {
        const frame = JSON.parse(String(message)) as { type: string; id?: string };
        if (frame.type === "send") socket.send(JSON.stringify([{ type: "refused", id: frame.id, code: "invalid" }]));
        else server.send(message);
      });
    });
    await fan.walkIn(slug, await house.issueOne(slug), "Marit");
    await fan.send("is this thing on");
    await expect(fan.row("is this thing on")).toHaveAttribute("data-state", "failed");
    return fan;
  },
  "a chat that takes a breath": async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    await fan.page.routeWebSocket(/\/socket/, (socket) => void socket.close({ code: 4000 }));
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await fan.call("Marit");
    await expect(fan.heading("The chat is taking a breath. The show goes on.")).toBeVisible({ timeout: 30_000 });
    return fan;
  },
  "a room with a pin and a hidden line": async (setting) => {
    const { fan, crew } = await moderated(setting);
    await crew.act("pin", { target: (await crew.line("be quick")).seq });
    await crew.hide("FREE TICKETS for the afterparty");
    await expect(fan.hidden).toBeVisible();
    await expect(fan.pin).toBeVisible();
    return fan;
  },
  "slow mode": async (setting) => {
    const { fan, crew } = await moderated(setting);
    await crew.act("slow", { seconds: 600 });
    await fan.say("one");
    await fan.field.fill("two");
    await fan.field.press("Enter");
    await expect(fan.button("Hold it instead")).toBeVisible();
    return fan;
  },
  "a mute": async (setting) => {
    const { fan, crew } = await moderated(setting);
    await fan.say("la");
    await crew.actOn("mute", "la", { seconds: 600 });
    await expect(fan.page.getByText(/^A moderator muted you/)).toBeVisible();
    return fan;
  },
  "a pause": async (setting) => {
    const { fan, crew } = await moderated(setting);
    await crew.act("pause");
    await expect(fan.page.getByText(/^The crew has paused the chat/)).toBeVisible();
    return fan;
  },
  "a line for the crew, one that was refused, and a new nickname": async (setting) => {
    const { fan, crew } = await moderated(setting);
    await crew.forbid("afterparty", "hold");
    await crew.forbid("miming", "refuse", { say: "Be kind." });
    await fan.send("the afterparty");
    await fan.send("she is miming");
    await expect(fan.page.getByText("Waiting for the crew")).toBeVisible();
    await expect(fan.page.getByText("Be kind.", { exact: true })).toBeVisible();
    await fan.say("hello");
    await crew.actOn("rename", "hello");
    await expect(fan.button("All right")).toBeVisible();
    return fan;
  },
  "a report": async (setting) => {
    const { fan } = await moderated(setting);
    await fan.row("be quick").hover();
    await fan.press(/^Report this line/);
    await fan.page.getByRole("dialog").getByText("Something else").click();
    await expect(fan.page.getByLabel("In a few words")).toBeVisible();
    return fan;
  },
  "a report that was made": async (setting) => {
    const fan = await STATES["a report"]!(setting);
    await fan.press("Report it");
    await expect(fan.heading("Thanks. The crew will look.")).toBeVisible();
    return fan;
  },
  "a chat without the banned": async (setting) => {
    const { fan, crew } = await moderated(setting);
    fan.mayLog(status(403));
    await fan.say("la");
    await crew.actOn("ban", "la");
    await expect(fan.heading("You are out of the chat.")).toBeVisible();
    return fan;
  },
  "a player from elsewhere": async ({ house, newFan }) => {
    const { slug } = await house.announce({ stream: `${house.origin}/healthz` });
    const fan = await newFan();
    await fan.walkIn(slug, await house.issueOne(slug), "Marit");
    await expect(fan.page.locator("iframe.stream__picture")).toBeVisible();
    return fan;
  },
  "a picture that stopped": async ({ house, newFan }) => {
    const { slug } = await house.announce({ stream: `${house.origin}/nothing-here.mp4` });
    const fan = await newFan();
    fan.mayLog(status(404), /MEDIA_ERR|Failed to load|NotSupportedError/);
    await fan.walkIn(slug, await house.issueOne(slug), "Marit");
    await expect(fan.page.getByText("The picture stopped")).toBeVisible();
    return fan;
  },
};

for (const [state, reach] of Object.entries(STATES)) {
  test(`${state} is for everybody, on the narrowest screen too`, async ({ house, newFan, newModerator }) => {
    await expectForEverybodyAnywhere(await reach({ house, newFan, newModerator }), state);
  });
}

test.describe("a ticket whose account is not made yet", () => {
  test.use({ serveOptions: ["--provisioner", "off"] });

  test("is for everybody, on the narrowest screen too", async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const fan = await newFan();
    fan.mayLog(status(503));
    await fan.openGate(slug);
    await fan.enter(await house.issueOne(slug));
    await expect(fan.heading("Your place in the chat is being made.")).toBeVisible();
    await expectForEverybodyAnywhere(fan, "preparing");
  });
});
