// What the page needs beside the crate. Trunk runs this before each build (see Trunk.toml), from the workspace's root:
// one style sheet from style/, and in Trunk's staging folder public/ as it is and hls.js under a path that names its version.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const staging = process.env.TRUNK_STAGING_DIR;

const sheets = readFileSync("style/order.txt", "utf8").split("\n").filter(Boolean);
mkdirSync("target/style", { recursive: true });
writeFileSync("target/style/frontrow.css", sheets.map((sheet) => readFileSync(`style/${sheet}`, "utf8")).join("\n"));

cpSync("public", staging, { recursive: true });

const hls = JSON.parse(readFileSync("app/node_modules/hls.js/package.json", "utf8"));
const vendor = `${staging}/vendor/hls-${hls.version}`;
for (const [from, to] of [["dist/hls.light.min.mjs", "hls.light.min.mjs"], ["LICENSE", "LICENSE"]]) {
  cpSync(`app/node_modules/hls.js/${from}`, `${vendor}/${to}`, { recursive: true });
}
