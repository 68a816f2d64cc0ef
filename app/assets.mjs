// What the page needs beside the crate. Trunk runs this before each build (see Trunk.toml), from the workspace's root:
// the first style sheet from style/, and in Trunk's staging folder public/ as it is and hls.js under a path that names its version.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { transformSync } from "esbuild";

const staging = process.env.TRUNK_STAGING_DIR;
const minify = process.env.TRUNK_PROFILE === "release";

const sheets = readFileSync("style/order.txt", "utf8").split("\n").filter(Boolean);
const sheet = sheets.map((name) => readFileSync(`style/${name}`, "utf8")).join("\n");
mkdirSync("target/style", { recursive: true });
writeFileSync("target/style/frontrow.css", transformSync(sheet, { loader: "css", minify }).code);

cpSync("public", staging, { recursive: true });

const hls = JSON.parse(readFileSync("app/node_modules/hls.js/package.json", "utf8"));
const vendor = `${staging}/vendor/hls-${hls.version}`;
for (const [from, to] of [["dist/hls.light.min.mjs", "hls.light.min.mjs"], ["LICENSE", "LICENSE"]]) {
  cpSync(`app/node_modules/hls.js/${from}`, `${vendor}/${to}`, { recursive: true });
}
