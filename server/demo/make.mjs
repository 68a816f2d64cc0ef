// Makes demo.mp4 and poster.jpg from stage.js and sound.js. See README.md.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RATE, SECONDS, sound } from "./sound.js";

const FRAMES_A_SECOND = 25;
const FRAMES = SECONDS * FRAMES_A_SECOND;
const POSTER_PHASE = 0.1;
/** Together what a stranger's first clone and first page load can carry without noticing. */
const CLIP_BYTES = 440_000;
const POSTER_BYTES = 60_000;

const here = fileURLToPath(new URL(".", import.meta.url));
const { chromium } = createRequire(new URL("../../end2end/package.json", import.meta.url))("@playwright/test");
const scratch = mkdtempSync(join(tmpdir(), "frontrow-demo-"));

const browser = await chromium.launch({
  executablePath: process.env.FRONTROW_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const page = await browser.newPage();
  await page.setContent("<canvas></canvas>");
  await page.addScriptTag({ path: join(here, "stage.js") });
  await makePoster(page);
  await makeClip(page);
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true });
}
expectAtMost("demo.mp4", CLIP_BYTES);
expectAtMost("poster.jpg", POSTER_BYTES);

async function makePoster(page) {
  const still = join(scratch, "poster.png");
  writeFileSync(still, await frame(page, POSTER_PHASE));
  ffmpeg(["-i", still, "-q:v", "5", join(here, "poster.jpg")]);
}

async function makeClip(page) {
  const wave = join(scratch, "sound.pcm");
  writeFileSync(wave, sound());
  const encoder = spawn("ffmpeg", [
    ...["-y", "-loglevel", "error"],
    ...["-f", "image2pipe", "-framerate", String(FRAMES_A_SECOND), "-c:v", "png", "-i", "-"],
    ...["-f", "s16le", "-ar", String(RATE), "-ac", "2", "-i", wave],
    ...["-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p"],
    ...["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"],
    // Most bits to the dark, where gradients break into bands first; none for grain that is not there
    ...["-c:v", "libx264", "-profile:v", "high", "-level", "3.1", "-preset", "slower", "-crf", "27.5"],
    ...["-x264-params", "aq-mode=3:deblock=1,1:psy-rd=0.4,0:ref=4:bframes=8:keyint=300"],
    ...["-c:a", "aac", "-b:a", "48k"],
    ...["-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"],
    join(here, "demo.mp4"),
  ], { stdio: ["pipe", "inherit", "inherit"] });
  for (let number = 0; number < FRAMES; number += 1) {
    if (!encoder.stdin.write(await frame(page, number / FRAMES))) await once(encoder.stdin, "drain");
    if (number % FRAMES_A_SECOND === 0) console.log(`second ${number / FRAMES_A_SECOND} of ${SECONDS}`);
  }
  encoder.stdin.end();
  const [code] = await once(encoder, "exit");
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
}

async function frame(page, phase) {
  const address = await page.evaluate((at) => {
    const canvas = document.querySelector("canvas");
    drawStage(canvas, at);
    return canvas.toDataURL("image/png");
  }, phase);
  return Buffer.from(address.split(",")[1], "base64");
}

function ffmpeg(rest) {
  execFileSync("ffmpeg", ["-y", "-loglevel", "error", ...rest], { stdio: "inherit" });
}

function expectAtMost(name, limit) {
  const { size } = statSync(join(here, name));
  console.log(`${name}: ${size} bytes`);
  if (size > limit) throw new Error(`${name} is larger than ${limit} bytes`);
}
