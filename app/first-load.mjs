// The budget of the first load: all of dist/ as brotli over the wire, but for what only some visits fetch.
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";

const BUDGET = 220_000; // bytes
const LATER = /^vendor\/|\.(mp4|webm|m3u8|ts|m4s)$/; // hls.js, and the demo's clip
const PACKED = /\.(png|jpg|webp|avif|woff2)$/; // brotli gains nothing on these

const files = readdirSync("dist", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice("dist/".length))
  .filter((name) => !LATER.test(name))
  .map((name) => {
    const bytes = readFileSync(`dist/${name}`);
    return { name, size: PACKED.test(name) ? bytes.length : brotliCompressSync(bytes).length };
  })
  .sort((a, b) => b.size - a.size);

const total = files.reduce((sum, file) => sum + file.size, 0);
for (const { name, size } of files) console.log(`${size.toLocaleString("en").padStart(9)}  ${name}`);
console.log(`${total.toLocaleString("en").padStart(9)}  bytes in the first load, of at most ${BUDGET.toLocaleString("en")}`);
process.exit(total <= BUDGET ? 0 : 1);
