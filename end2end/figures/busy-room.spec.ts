// A phone at a quarter of this machine's speed, in a room where everybody talks and taps: what its main thread does,
// which frames it draws, and what it keeps in memory. SECONDS, LINES (a second) and SLOWER change what is measured; TRACE
// names a file for the trace, which Chromium's own tools open.

import { writeFile } from "node:fs/promises";
import type { CDPSession } from "@playwright/test";
import { Member } from "../support/stage.ts";
import { expect, test } from "../support/story.ts";

const SECONDS = Number(process.env.SECONDS ?? 60);
const LINES = Number(process.env.LINES ?? 50);
const SLOWER = Number(process.env.SLOWER ?? 4);
/** The last of them are traced: a longer trace fits in no string. */
const TRACED = Math.min(SECONDS, 60);
/** Each says some of the lines, and taps as fast as taps count. */
const PEOPLE = 10;
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "disabled-by-default-devtools.timeline.frame"];

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** What the thread itself spent, the slowing included; the rest of `dur` it waited for a core. */
  tdur?: number;
  args?: { name?: string; data?: { frames?: { url: string; processId: number }[] } };
}

test.use({ serveOptions: ["--send-burst", "0", "--send-rate", "0"] });

test(`${LINES} lines a second and a storm of taps, for ${SECONDS} s, ${SLOWER} times slower`, async ({ browser, house, newFan }) => {
  const { slug } = await house.announce();
  const people: Member[] = [];
  for (let number = 1; number <= PEOPLE; number += 1) people.push(await Member.join(browser, house, slug, `Fan ${number}`));
  const fan = await newFan(PHONE);
  await fan.walkIn(slug, await house.issueOne(slug), "Marit");
  await fan.page.mouse.move(0, 0); // a phone points at nothing
  const session = await fan.context.newCDPSession(fan.page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await Promise.all(people.map((member) => member.storm(LINES / PEOPLE)));
  await expect(fan.rows.last()).toContainText("line");
  // The page holds what it will hold, once as many lines have come as it keeps.
  await new Promise((warm) => setTimeout(warm, 25_000));

  const before = await heap(session);
  await new Promise((over) => setTimeout(over, (SECONDS - TRACED) * 1_000));
  await browser.startTracing(fan.page, { categories: CATEGORIES });
  await new Promise((over) => setTimeout(over, TRACED * 1_000));
  const written = await browser.stopTracing();
  if (process.env.TRACE) await writeFile(process.env.TRACE, written);
  const trace = JSON.parse(written.toString()) as { traceEvents: TraceEvent[] };
  const after = await heap(session);

  const room = ofTheRoom(trace.traceEvents);
  const tasks = onThread(room, "CrRendererMain", "RunTask").map(({ tdur = 0 }) => tdur / 1_000);
  const waited = onThread(room, "CrRendererMain", "RunTask").map(({ dur = 0 }) => dur / 1_000);
  const drawn = onThread(room, "Compositor", "DrawFrame").map(({ ts }) => ts / 1_000);
  const gaps = drawn.slice(1).map((at, place) => at - drawn[place]!);
  const total = tasks.reduce((sum, task) => sum + task, 0);
  const figures = {
    "main thread busy": `${((total / (TRACED * 1_000)) * 100).toFixed(1)} %`,
    "longest task": `${Math.max(...tasks).toFixed(1)} ms`,
    "tasks over 50 ms": tasks.filter((task) => task > 50).length,
    "tasks over 100 ms": tasks.filter((task) => task > 100).length,
    "with waits for a core": `longest ${Math.max(...waited).toFixed(1)} ms, ${waited.filter((task) => task > 100).length} over 100 ms`,
    "frames a second": (drawn.length / TRACED).toFixed(1),
    "frame gap, median": `${quantile(gaps, 0.5).toFixed(1)} ms`,
    "frame gap, 99 %": `${quantile(gaps, 0.99).toFixed(1)} ms`,
    "script heap": `${before.script.toFixed(1)} to ${after.script.toFixed(1)} MB`,
    "program's memory": `${before.program.toFixed(1)} to ${after.program.toFixed(1)} MB`,
    elements: `${before.elements} to ${after.elements}`,
  };
  console.log(Object.entries(figures).map(([name, figure]) => `${name.padEnd(24)}${figure}`).join("\n"));
  expect(tasks.length).toBeGreaterThan(TRACED);
});

/** The events of the process that the room's page runs in. */
function ofTheRoom(events: TraceEvent[]): TraceEvent[] {
  const started = events.find(({ name }) => name === "TracingStartedInBrowser");
  const room = started?.args?.data?.frames?.find(({ url }) => url.includes("/e/"));
  if (!room) throw new Error("the trace does not know the room");
  return events.filter(({ pid }) => pid === room.processId).sort((a, b) => a.ts - b.ts);
}

function onThread(events: TraceEvent[], thread: string, what: string): TraceEvent[] {
  const named = events.find(({ name, args }) => name === "thread_name" && args?.name === thread);
  return events.filter(({ name, tid }) => name === what && tid === named?.tid);
}

function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

/** What the page keeps, in megabytes, after everything that may go is gone. */
async function heap(session: CDPSession): Promise<{ script: number; program: number; elements: number }> {
  await session.send("HeapProfiler.collectGarbage");
  const usage = (await session.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
  const { result } = await session.send("Runtime.evaluate", { expression: "document.getElementsByTagName('*').length" });
  return { script: usage.usedSize / 1e6, program: (usage.backingStorageSize ?? NaN) / 1e6, elements: result.value as number };
}
