// One question, answered while you type.

import { expect, status, test } from "../support/story.ts";

test("a nickname that somebody has is refused with suggestions that are free", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [first, second] = await house.issue(slug, 2);
  const marit = await newFan();
  await marit.walkIn(slug, first!, "Marit");

  const other = await newFan();
  await other.openGate(slug);
  await other.enter(second!);
  await other.nicknameField.fill("mаrit"); // with a Cyrillic а
  await expect(other.page.getByText("Taken.")).toBeVisible();
  await expect(other.nicknameField).toHaveAttribute("aria-invalid", "true");
  await expect(other.button("Walk in")).toBeDisabled();

  const suggestion = other.page.getByRole("group", { name: "These are free" }).getByRole("button").first();
  const name = (await suggestion.innerText()).trim();
  await suggestion.click();
  await expect(other.nicknameField).toHaveValue(name);
  await expect(other.page.getByText("It’s yours if you want it.")).toBeVisible();
  await other.press("Walk in");
  await other.isInTheChat();

  await other.say("good evening");
  await marit.sees("good evening");
  await expect(marit.row("good evening").locator("bdi").first()).toHaveText(name);
});

test("the artist’s name is nobody else’s", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await fan.nicknameField.fill("Vesna 0duya");
  await expect(fan.nicknameField).toHaveAttribute("aria-invalid", "true");
  await expect(fan.button("Walk in")).toBeDisabled();
});

test("two people who want one nickname in the same moment get an answer each", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const codes = await house.issue(slug, 2);
  const fans = await Promise.all(codes.map(() => newFan()));
  for (const [place, fan] of fans.entries()) {
    fan.mayLog(status(409));
    await fan.openGate(slug);
    await fan.enter(codes[place]!);
    await fan.nicknameField.fill("row of one");
    await expect(fan.page.getByText("It’s yours if you want it.")).toBeVisible();
  }
  await Promise.all(fans.map((fan) => fan.press("Walk in")));
  const [one, other] = fans;
  const seated = one!.room.or(one!.page.getByText("Taken."));
  await expect(seated.first()).toBeVisible();
  const winner = (await one!.room.isVisible()) ? one! : other!;
  const loser = winner === one ? other! : one!;
  await winner.isInTheChat();
  await expect(loser.page.getByText("Taken.")).toBeVisible();
  await loser.call("row of two");
  await loser.isInTheChat();
});

test("who only watches reads along and can choose a nickname later", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const [first, second] = await house.issue(slug, 2);
  const marit = await newFan();
  await marit.walkIn(slug, first!, "Marit");

  const watcher = await newFan();
  await watcher.openGate(slug);
  await watcher.enter(second!);
  await watcher.page.getByText("Just watch").click();
  await expect(watcher.log).toBeVisible();
  await expect(watcher.field).toBeHidden();
  await marit.say("is this the queue for the ferry");
  await watcher.sees("is this the queue for the ferry");

  await watcher.press("Choose a nickname");
  await watcher.call("saltwater");
  await watcher.isInTheChat();
  await watcher.say("it is");
  await marit.sees("it is");
});

test("a nickname that is given after the question was closed is known to the page", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await fan.page.getByText("Just watch").click();
  await fan.press("Choose a nickname");

  let answer = () => {};
  const told = new Promise<void>((tell) => (answer = tell));
  const given = fan.page.waitForResponse((response) => response.request().method() === "PUT" && response.ok());
  await fan.page.route("**/nickname", async (route) => {
    await told;
    await route.continue();
  });
  const claimed = fan.page.waitForRequest((request) => request.method() === "PUT");
  await fan.call("saltwater");
  await claimed;
  await fan.press("Not now");
  await expect(fan.page.getByRole("dialog")).toBeHidden();
  await expect(fan.field).toBeHidden();
  answer();
  await given;
  await fan.isInTheChat();
  await fan.say("it came late");
});

test("a show that ends while a nickname is chosen is over", async ({ house, newFan }) => {
  const { slug } = await house.announce();
  const fan = await newFan();
  fan.mayLog(status(403));
  await fan.openGate(slug);
  await fan.enter(await house.issueOne(slug));
  await expect(fan.nicknameField).toBeVisible();
  await house.end(slug);
  await fan.nicknameField.fill("Marit");
  await expect(fan.heading("The show is over")).toBeVisible();
});
