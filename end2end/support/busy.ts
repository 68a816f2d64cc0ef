// A house that is too busy for new people, as a page in front of it hears it.

import type { Page } from "@playwright/test";

/** Turns every ticket away for so many milliseconds; tells how many were shown. Ends with `page.unroute("**\/admission")`. */
export async function turnAway(page: Page, forMillis: number): Promise<() => number> {
  let shown = 0;
  const json = { type: "about:blank", title: "The server cannot answer right now.", status: 503, code: "unavailable", retry_after_ms: forMillis };
  await page.route("**/admission", (route) => {
    shown += 1;
    return route.fulfill({ status: 503, contentType: "application/problem+json", json });
  });
  return () => shown;
}
