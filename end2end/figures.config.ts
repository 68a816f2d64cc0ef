// What a room costs a slow phone: figures from a trace, never judged by a clock. `npm run figures`.

import { defineConfig } from "@playwright/test";
import { launchOptions } from "./support/browser.ts";

export default defineConfig({
  testDir: "figures",
  retries: 0,
  workers: 1,
  reporter: "list",
  timeout: 600_000,
  expect: { timeout: 60_000 },
  use: { browserName: "chromium", launchOptions, locale: "en-GB", timezoneId: "Europe/Berlin" },
});
