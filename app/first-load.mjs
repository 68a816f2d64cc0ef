// The budgets: what the first load weighs as brotli over the wire, and what the room adds to it. What only some visits
// fetch is in neither: hls.js, the moderators' desk, the demo's clip.
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";

const BUDGETS = { "the first load": 220_000, "the room": 240_000 }; // bytes
const LATER = /^vendor\/|^crew-|\.(mp4|webm|m3u8|ts|m4s)$/;
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

const print = (size, words) => console.log(`${size.toLocaleString("en").padStart(9)}  ${words}`);
let isWithin = true;
for (const [part, budget] of Object.entries(BUDGETS)) {
  const its = files.filter(({ name }) => name.startsWith("room-") === (part === "the room"));
  const total = its.reduce((sum, { size }) => sum + size, 0);
  for (const { name, size } of its) print(size, name);
  print(total, `bytes for ${part}, of at most ${budget.toLocaleString("en")}`);
  isWithin &&= total <= budget;
}
process.exit(isWithin ? 0 : 1);
