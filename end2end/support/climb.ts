// Scrolls a transcript from its end to its first line, the way a thumb does, and watches the line in the middle of the
// view: whatever is put above or taken away below, it must not move by itself.

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
export async function climb(log: Element): Promise<Way> {
  const STEP = 0.7; // of the view's height
  const PATIENCE = 600; // frames without a new line until it counts as stuck
  const seen = new Set<string>();
  const way: Way = { seen: 0, mostRows: 0, largestJump: 0, where: "" };
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const rows = () => [...log.querySelectorAll<HTMLElement>(".message")];
  const words = (row: Element) => row.querySelector(".message__text")?.textContent ?? "";
  const middle = () => {
    const view = log.getBoundingClientRect();
    const line = view.top + view.height / 2;
    return rows().find((row) => row.getBoundingClientRect().bottom > line);
  };
  const look = () => {
    const all = rows();
    all.forEach((row) => seen.add(words(row)));
    way.mostRows = Math.max(way.mostRows, all.length);
  };

  let stuck = 0;
  while (stuck < PATIENCE) {
    const before = seen.size;
    log.scrollTop -= log.clientHeight * STEP;
    await frame();
    const anchor = middle();
    const name = anchor ? words(anchor) : "";
    const top = anchor?.getBoundingClientRect().top ?? 0;
    for (let frames = 0; frames < 6; frames += 1) {
      await frame();
      look();
      const now = rows().find((row) => words(row) === name);
      const jump = now ? Math.abs(now.getBoundingClientRect().top - top) : anchor ? Number.POSITIVE_INFINITY : 0;
      if (jump > way.largestJump) Object.assign(way, { largestJump: jump, where: name });
    }
    stuck = seen.size > before ? 0 : stuck + 6;
    if (log.querySelector(".transcript__start") && log.scrollTop <= 0) break;
  }
  way.seen = seen.size;
  return way;
}
