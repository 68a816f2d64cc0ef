// The gate: a code from paper, in any spelling, opens the room; anything else gets a kind and exact answer.

import { turnAway } from "../support/busy.ts";
import { NO_LINE, expect, status, test } from "../support/story.ts";

test("the gate says whose night it is before anybody types", async ({ house, newFan }) => {
  const { slug } = await house.announce({ startsAt: new Date(Date.now() + 3_600_000), doorsAt: new Date(Date.now() + 1_800_000) });
  const fan = await newFan();
  await fan.openGate(slug);
  await expect(fan.page.getByRole("heading", { level: 1 })).toHaveText(/Salt\s*&\s*Street\u00ad?light/);
  await expect(fan.gate.getByText("Vesna Oduya").first()).toBeVisible();
  await expect(fan.page.getByRole("timer")).toBeVisible();
  await expect(fan.page).toHaveTitle(/Salt & Streetlight/);
});

test("a wrong code is refused kindly and stays in the field", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(status(401));
  await fan.openGate(slug);
  await fan.enter("WR0N-GC0D-EXYZ");
  const alert = fan.page.getByRole("alert");
  await expect(alert).toContainText("That code doesn’t open this event.");
  await expect(fan.codeField).toHaveValue(/WR0N/i);
  await expect(fan.codeField).toHaveAttribute("aria-invalid", "true");
  await expect(fan.codeField).toBeFocused();

  await fan.enter(await house.issueOne(slug));
  await expect(fan.heading("What should we call you?")).toBeVisible();
});

test("the code of another event does not open this one", async ({ house, newFan }) => {
  await house.announce({ slug: "other-night", title: "Other Night" });
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(status(401));
  await fan.openGate(slug);
  await fan.enter(await house.issueOne("other-night"));
  await expect(fan.page.getByRole("alert")).toContainText("That code doesn’t open this event.");
});

const SPELLINGS: Record<string, (bare: string) => string> = {
  "small letters without dashes": (bare) => bare.toLowerCase(),
  "O for 0 and l for 1": (bare) => bare.replaceAll("0", "O").replaceAll("1", "l"),
  "spaces in the wrong places": (bare) => ` ${bare.slice(0, 3)} ${bare.slice(3)} `,
  "a dash after each sign": (bare) => bare.split("").join("-"),
};

for (const [way, spell] of Object.entries(SPELLINGS)) {
  test(`a code typed with ${way} is the same code`, async ({ house, newFan }) => {
    const { slug } = await house.announce();
    const codes = await house.issue(slug, 20);
    const code = codes.find((found) => /[01]/.test(found)) ?? codes[0]!;
    const fan = await newFan();
    await fan.openGate(slug);
    await fan.enter(spell(code.replaceAll(/[^0-9A-Za-z]/g, "")));
    await expect(fan.heading("What should we call you?")).toBeVisible();
  });
}

test("a code in the address is filled in and taken out of the address", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  await fan.openGate(slug, code);
  const bare = (text: string) => text.replaceAll(/[^0-9A-Z]/gi, "").toUpperCase();
  await expect.poll(async () => bare(await fan.codeField.inputValue())).toBe(bare(code));
  await expect.poll(() => fan.page.evaluate(() => location.hash)).toBe("");
  expect(await fan.page.evaluate(() => history.length), "going back must not find the code").toBe(2);
  await fan.press("Take your seat");
  await expect(fan.heading("What should we call you?")).toBeVisible();
});

test("a code that comes to a seat goes out of the address, and waits at the gate if it is another one", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [own, other] = await house.issue(slug, 2);
  const fan = await newFan();
  await fan.walkIn(slug, own!, "Marit");
  const hash = () => fan.page.evaluate(() => location.hash);

  // Once with a page that is loaded, once with a link that is followed in the room.
  await fan.page.goto("about:blank");
  await fan.openGate(slug, own);
  await fan.isInTheChat();
  await expect.poll(hash).toBe("");
  await fan.leave();
  await expect(fan.codeField, "the own code is nobody else’s").toHaveValue("");

  await fan.enter(own!);
  await fan.isInTheChat();
  await fan.page.evaluate((code) => location.assign(`#${code}`), other!);
  await expect.poll(hash).toBe("");
  await fan.isInTheChat();
  await fan.leave();
  await expect(fan.codeField).toHaveValue(other!);
});

test("before the doors open a good ticket waits, and is let in by itself", async ({ house, newFan }) => {
  const doorsAt = new Date(Math.ceil(Date.now() / 1000 + 12) * 1000);
  const { slug } = await house.announce({ doorsAt, startsAt: new Date(Date.now() + 3_600_000) });
  const code = await house.issueOne(slug);
  const fan = await newFan();
  fan.mayLog(status(403));
  await fan.openGate(slug);
  await fan.enter(code);
  await expect(fan.heading("The doors are still closed")).toBeVisible();
  await expect(fan.heading("What should we call you?")).toBeVisible({ timeout: 30_000 });
});

test("doors that open in two months are waited for", async ({ house, newFan }) => {
  const doorsAt = new Date(Date.now() + 60 * 86_400_000 + 30_000);
  const { slug } = await house.announce({ doorsAt, startsAt: new Date(doorsAt.getTime() + 3_600_000) });
  const fan = await newFan();
  fan.mayLog(status(403));
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await expect(fan.heading("The doors are still closed")).toBeVisible();
  await expect(fan.page.locator(".gate-move").getByRole("timer")).toContainText("60 d");
  await fan.press("Type another code");
  await expect(fan.codeField).toBeEditable();
});

test("a house that gives no answer when the doors open is asked again", async ({ house, newFan }) => {
  const doorsAt = new Date(Math.ceil(Date.now() / 1000 + 12) * 1000);
  const { slug } = await house.announce({ doorsAt, startsAt: new Date(Date.now() + 3_600_000) });
  const fan = await newFan();
  fan.mayLog(status(403), status(503), ...NO_LINE);
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  const closed = fan.heading("The doors are still closed");
  await expect(closed).toBeVisible();
  const answers = [
    { status: 503, json: { type: "about:blank", title: "", status: 503, code: "unavailable", retry_after_ms: 500 } },
    null,
  ];
  let asked = 0;
  await fan.page.route("**/admission", async (route) => {
    const answer = answers[asked++ % answers.length];
    await (answer ? route.fulfill(answer) : route.abort("connectionrefused"));
  });
  await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThan(2);
  await expect(closed).toBeVisible();
  await expect(fan.page.getByText("it keeps trying")).toBeVisible();
  await fan.page.unroute("**/admission");
  await expect(fan.heading("What should we call you?")).toBeVisible({ timeout: 30_000 });
});

test("an address without an event says so", async ({ newFan }) => {
  const fan = await newFan();
  fan.mayLog(status(404));
  await fan.openGate("nothing-here");
  await expect(fan.heading("Nothing plays here")).toBeVisible();
});

test("too many wrong codes are asked to wait, and a right one still passes", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(status(401), status(429));
  await fan.openGate(slug);
  const alert = fan.page.getByRole("alert");
  await expect(async () => {
    await fan.enter("WR0N-GC0D-EXYZ");
    await expect(alert).toContainText("Too many tries.", { timeout: 1_000 });
  }).toPass();
  await expect(fan.codeField).toHaveValue(/WR0N/i);

  const other = await newFan();
  await other.openGate(slug);
  await other.enter(await house.issueOne(slug));
  await expect(other.heading("What should we call you?")).toBeVisible();
});

test("when the house does not answer, the gate says so and keeps what was typed", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  await fan.openGate(slug);
  await expect(fan.codeField).toBeEditable();
  await fan.page.route("**/admission", (route) => route.abort("connectionrefused"));
  fan.mayLog(/ERR_CONNECTION_REFUSED/);
  await fan.enter(code);
  await expect(fan.page.getByRole("alert")).toContainText("The box office can’t be reached.");
  await expect(fan.codeField).not.toHaveValue("");
  await fan.page.unroute("**/admission");
  await fan.press("Take your seat");
  await expect(fan.heading("What should we call you?")).toBeVisible();
});

test("a busy house keeps a ticket waiting, and takes it in by itself", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const fan = await newFan();
  fan.mayLog(status(503));
  await fan.openGate(slug);
  const shown = await turnAway(fan.page, 1_500);
  await fan.enter(code);
  const alert = fan.page.getByRole("alert");
  const word = fan.page.locator("#refusal");
  await expect(alert).toContainText("The box office is busy. The next try in");
  await expect(alert).toContainText("leave this page as it is");
  await expect(fan.codeField).not.toHaveAttribute("aria-invalid");
  await expect(fan.page.getByRole("button", { name: "Take your seat" })).toBeDisabled();
  const theme = fan.page.getByRole("button", { name: /Switch to the/ });
  await expect(fan.codeField).toBeFocused();
  await theme.focus();
  await expect.poll(shown, { timeout: 30_000 }).toBeGreaterThan(2);
  await expect(theme, "the focus stays where it is").toBeFocused();
  await expect(word).toContainText("The box office is busy.");
  await expect(alert, "it is read out once").toHaveCount(0);

  await fan.codeField.fill("");
  await expect(word).toHaveCount(0);
  await fan.enter(code);
  await expect(alert).toContainText("The box office is busy.");
  await fan.page.unroute("**/admission");
  await expect(fan.heading("What should we call you?")).toBeVisible({ timeout: 30_000 });
});

test("a busy house keeps who moves a seat waiting, and moves it by itself", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const code = await house.issueOne(slug);
  const [phone, laptop] = [await newFan(), await newFan()];
  await phone.walkIn(slug, code, "Marit");
  laptop.mayLog(status(409), status(503));
  await laptop.openGate(slug);
  await laptop.enter(code);
  await expect(laptop.heading("In use on another device")).toBeVisible();
  await turnAway(laptop.page, 500);
  await laptop.press("Move my seat here");
  await expect(laptop.page.locator("#refusal")).toContainText("It comes by itself, and moves your seat here");
  await expect(phone.heading("Your seat moved to another device")).toHaveCount(0);
  await laptop.page.unroute("**/admission");
  await laptop.isInTheChat();
  await expect(phone.heading("Your seat moved to another device")).toBeVisible();
});

test("when the show is over, the gate and the room say so", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [seated, late] = await house.issue(slug, 2);
  const fan = await newFan();
  await fan.walkIn(slug, seated!, "Marit");
  await fan.hasCaughtUp();
  await house.end(slug);
  await expect(fan.heading("The show is over")).toBeVisible();

  const latecomer = await newFan();
  latecomer.mayLog(status(403));
  await latecomer.openGate(slug);
  if (await latecomer.codeField.isVisible()) await latecomer.enter(late!);
  await expect(latecomer.heading("The show is over")).toBeVisible();
});
