// Scrolls a transcript from its end to its first line or back, the way a thumb does, and watches the line in the middle
// of the view: whatever is put in or taken away above and below, it must not move by itself.

import type { Locator } from "@playwright/test";

type Direction = "up" | "down";

/** From where the reader is to the first line. */
export const climb = (log: Locator): Promise<Way> => log.evaluate(travel, "up" as Direction);
/** From where the reader is to the newest line. */
export const descend = (log: Locator): Promise<Way> => log.evaluate(travel, "down" as Direction);

export interface Way {
  /** How many different lines were met. */
  seen: number;
  /** The most rows that were in the page at one time. */
  mostRows: number;
  /** The furthest that a line moved without being scrolled, in pixels. */
  largestJump: number;
  /** Which line that was. */
  where: string;
}

/** Runs in the page; must not use anything from outside. */
async function travel(log: Element, direction: Direction): Promise<Way> {
  const STEP = 0.9; // of the view's height
  const WATCHED = 3; // frames after each step
  const PATIENCE = direction === "up" ? 600 : 90; // frames without a new line until it counts as stuck, or as the end
  const SNAPS = 48; // pixels: so near to the end is at the end
  const seen = new Set<string>();
  const way: Way = { seen: 0, mostRows: 0, largestJump: 0, where: "" };
  const rows = () => [...log.querySelectorAll<HTMLElement>(".message")];
  const words = (row: Element) => row.querySelector(".message__text")?.textContent ?? "";
  /** Where rows stand in the next picture that is drawn: after scripts, after what observers of sizes set right. */
  const drawn = (rows: Element[]) =>
    new Promise<IntersectionObserverEntry[]>((done) => {
      const observer = new IntersectionObserver((entries) => {
        observer.disconnect();
        done(entries);
      });
      rows.forEach((row) => observer.observe(row));
    });
  const look = () => {
    const all = rows();
    all.forEach((row) => seen.add(words(row)));
    way.mostRows = Math.max(way.mostRows, all.length);
    return all;
  };

  let stuck = 0;
  while (stuck < PATIENCE) {
    const before = seen.size;
    log.scrollTop += log.clientHeight * (direction === "up" ? -STEP : STEP);
    const below = log.scrollHeight - log.clientHeight - log.scrollTop;
    if (direction === "down" && below <= SNAPS) log.scrollTop += below;
    const view = log.getBoundingClientRect();
    const middle = view.top + view.height / 2;
    const anchor = (await drawn(look())).find((row) => row.boundingClientRect.bottom > middle);
    const name = anchor ? words(anchor.target) : "";
    for (let frames = 0; anchor && frames < WATCHED; frames += 1) {
      const row = look().find((row) => words(row) === name);
      const now = row && (await drawn([row]))[0];
      const jump = now?.target.isConnected ? Math.abs(now.boundingClientRect.top - anchor.boundingClientRect.top) : Number.POSITIVE_INFINITY;
      if (jump > way.largestJump) Object.assign(way, { largestJump: jump, where: name });
    }
    stuck = seen.size > before ? 0 : stuck + WATCHED;
    if (direction === "up" && log.querySelector(".transcript__start") && log.scrollTop <= 0) break;
  }
  way.seen = seen.size;
  return way;
}
