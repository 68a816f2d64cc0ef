// Each state of each view, at phone and laptop size, in both themes, into docs/screenshots/.

import { fileURLToPath } from "node:url";
import { defineConfig } from "@playwright/test";
import { launchOptions } from "./support/browser.ts";

const fonts = fileURLToPath(new URL("screenshots/fonts.conf", import.meta.url));

export default defineConfig({
  testDir: "screenshots",
  retries: 0,
  workers: 1,
  reporter: "list",
  timeout: 180_000,
  expect: { timeout: 30_000 },
  use: {
    browserName: "chromium",
    launchOptions: { ...launchOptions, env: { ...process.env, FONTCONFIG_FILE: fonts } },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  },
});
