// The stories. Screenshots have a configuration of their own: they judge nothing.

import { defineConfig } from "@playwright/test";
import { launchOptions } from "./support/browser.ts";

export default defineConfig({
  testDir: "stories",
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  retries: 0, // a story that fails once in a while is a defect of the product or of the story
  workers: 2,
  reporter: "list",
  timeout: 120_000, // a busy machine takes its time; what hangs is found all the same
  expect: { timeout: 15_000 },
  use: {
    browserName: "chromium",
    launchOptions,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    colorScheme: "dark",
    viewport: { width: 1280, height: 800 },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
});
