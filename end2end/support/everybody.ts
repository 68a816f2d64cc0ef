// A page that is for everybody.

import AxeBuilder from "@axe-core/playwright";
import { expect } from "@playwright/test";
import type { Fan } from "./fan.ts";

/** Nothing serious by axe, in both themes. */
export async function expectForEverybody(fan: Fan, state: string): Promise<void> {
  for (const theme of ["dark", "light"] as const) {
    await fan.page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const { violations } = await new AxeBuilder({ page: fan.page }).analyze();
    const grave = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    expect(grave, `${state}, ${theme}`).toEqual([]);
  }
}
