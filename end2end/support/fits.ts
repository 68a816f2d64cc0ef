// What has to hold on the narrowest screen.

import { type Page, expect } from "@playwright/test";

/** No sideways scroll, no text field that makes a phone zoom, no target under the least size of WCAG 2.2. */
export async function expectFits(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const seen = [...document.querySelectorAll<HTMLElement>("button, input, textarea, a, summary")].filter((element) => element.checkVisibility() && !element.classList.contains("skip"));
    // What has its words around it is reached by touching them.
    const target = (element: HTMLElement) => (element.matches("[type=checkbox], [type=radio]") ? (element.closest("label") ?? element) : element);
    const small = seen.filter((element) => {
      const { width, height } = target(element).getBoundingClientRect();
      return width < 24 || height < 24;
    });
    const zooms = seen.filter((element) => element.matches("input:not([type=checkbox], [type=radio], [type=file]), textarea") && Number.parseFloat(getComputedStyle(element).fontSize) < 16);
    return {
      width: document.documentElement.scrollWidth,
      small: small.map((element) => element.outerHTML.slice(0, 120)),
      zooms: zooms.map((element) => element.outerHTML.slice(0, 120)),
    };
  });
  expect(found).toEqual({ width: expect.any(Number), small: [], zooms: [] });
  expect(found.width).toBeLessThanOrEqual(320);
}
