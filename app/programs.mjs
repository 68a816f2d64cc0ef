// Makes the programs of the page small, names them by their content, and tells the page of them. Trunk runs this after each
// build (see Trunk.toml), from the workspace's root, on its staging folder. What starts a program, and fetches the next one,
// is start.js: the page has it inline.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { buildSync, transformSync } from "esbuild";

const staging = process.env.TRUNK_STAGING_DIR;
const minify = process.env.TRUNK_PROFILE === "release";
const hash = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex").slice(0, 16);

/** The one file of the build whose name is like this. */
function find(pattern) {
  const [name, ...more] = readdirSync(staging).filter((file) => pattern.test(file));
  if (!name || more.length > 0) throw new Error(`one file like ${pattern} is in ${staging}, not ${name ? more.length + 1 : 0}`);
  return `${staging}/${name}`;
}

/** A program's script in one file, with the snippets it imports; and what it runs. */
function place(name) {
  const glue = find(new RegExp(`^${name}(-[0-9a-f]+)?\\.js$`));
  const built = find(new RegExp(`^${name}(-[0-9a-f]+)?_bg\\.wasm$`));
  const { outputFiles } = buildSync({ entryPoints: [glue], bundle: true, format: "esm", minify, write: false, logLevel: "warning" });
  const script = outputFiles[0].contents;
  const program = `${name}-${hash(readFileSync(built), script)}`;
  rmSync(glue);
  renameSync(built, `${staging}/${program}_bg.wasm`);
  writeFileSync(`${staging}/${program}.js`, script);
  return [`/${program}.js`, `/${program}_bg.wasm`];
}

function sheet(name, files) {
  const source = files.map((file) => readFileSync(`style/${file}`, "utf8")).join("\n");
  const { code } = transformSync(source, { loader: "css", minify });
  const url = `/${name}-${hash(code)}.css`;
  writeFileSync(`${staging}${url}`, code);
  return url;
}

/** Takes out of the page what is there once, and puts something in its place. */
function replace(page, pattern, text) {
  if (!pattern.test(page)) throw new Error(`the page has nothing like ${pattern}`);
  return page.replace(pattern, () => text);
}

const room = sheet("room", readFileSync("style/room.txt", "utf8").split("\n").filter(Boolean));
const programs = {
  app: place("app"),
  room: [...place("room"), room],
  crew: [...place("crew"), room, sheet("crew", ["crew.css", "stage.css"])],
};
rmSync(`${staging}/snippets`, { recursive: true, force: true });

const { code } = transformSync(readFileSync("app/start.js", "utf8"), { format: "iife", minify });
const metas = Object.entries(programs).map(([name, files]) => `<meta name="program-${name}" content="${files.join(" ")}">\n`);
const path = `${staging}/index.html`;
let page = readFileSync(path, "utf8");
page = replace(page, /<script type="module"[^>]*>\s*import init[\s\S]*?<\/script>\n?/, "");
page = page.replace(/<link rel="(modulepreload|preload)"[^>]*>/g, "");
page = replace(page, /(?=<link rel="stylesheet")/, `${metas.join("")}<script>${code.trim()}</script>\n`);
writeFileSync(path, page);
