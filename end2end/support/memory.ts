// What a page holds after a full collection: the script's heap, the program's own memory, the nodes of the document.

import type { Page } from "@playwright/test";

export interface Memory {
  bytes: number;
  nodes: number;
}

export async function memory(page: Page): Promise<Memory> {
  const browser = await page.context().newCDPSession(page);
  await browser.send("HeapProfiler.collectGarbage");
  await browser.send("Performance.enable");
  const { metrics } = await browser.send("Performance.getMetrics");
  const metric = (name: string) => metrics.find((found) => found.name === name)?.value ?? 0;
  const { result: prototype } = await browser.send("Runtime.evaluate", { expression: "WebAssembly.Memory.prototype" });
  const { objects } = await browser.send("Runtime.queryObjects", { prototypeObjectId: prototype.objectId! });
  const { result: sum } = await browser.send("Runtime.callFunctionOn", {
    objectId: objects.objectId!,
    functionDeclaration: "function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }",
    returnByValue: true,
  });
  await browser.detach();
  return { bytes: metric("JSHeapUsedSize") + Number(sum.value), nodes: metric("Nodes") };
}
