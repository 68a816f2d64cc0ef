// Starts the page, and fetches its programs (src/program.rs). The build puts this into the page itself, before the style
// sheet (programs.mjs): what a visit needs first is asked for at once.
const loads = {};
const sheets = {};
const failures = {};
let baton;

const shown = new Promise((resolve) => addEventListener("load", resolve));

function dress(href) {
  sheets[href] ??= new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve });
    link.onerror = (error) => {
      link.remove();
      delete sheets[href];
      reject(error);
    };
    document.head.append(link);
  });
  return sheets[href];
}

function failed(name, error) {
  delete loads[name];
  failures[name] = (failures[name] ?? 0) + 1;
  throw error;
}

async function fetchProgram(name) {
  const [script, program, ...styles] = document.querySelector(`meta[name=program-${name}]`).content.split(" ");
  const again = failures[name] ? `?${failures[name]}` : ""; // some browsers keep the answer to a failed import
  const [made, module_or_path] = await Promise.all([
    import(script + again),
    WebAssembly.compileStreaming(fetch(program + again)),
    ...styles.map((style) => dress(style + (sheets[style] ? "" : again))),
    shown,
  ]);
  return (handed) => {
    baton = handed;
    return made.default({ module_or_path }).catch((error) => failed(name, error));
  };
}

/** Fetches a program, once, and hands back what begins it. */
const load = (name) => (loads[name] ??= fetchProgram(name).catch((error) => failed(name, error)));

/** Fetches a program that will be needed, when there is nothing else to do. */
const foresee = (name) => (window.requestIdleCallback ?? setTimeout)(() => load(name).catch(() => {}));

/** What the program before handed over, once. */
function take() {
  const taken = baton;
  baton = undefined;
  return taken;
}

/** The program that this browser's seat at this address needs, if it has one (storage.rs). */
function first() {
  const slug = location.pathname.split("/").filter(Boolean)[1];
  try {
    return localStorage.getItem(`frontrow/${slug}/program`) ?? "app";
  } catch {
    return "app";
  }
}

/** Says that there is nothing to begin with, and the way out: a page that is loaded again also finds newer names. */
async function missing() {
  await shown;
  const boot = document.getElementById("boot");
  boot.querySelector(".boot__missing").hidden = false;
  boot.querySelector(".boot__lamps").hidden = true;
  boot.querySelector("button").addEventListener("click", () => location.reload());
  addEventListener("online", () => location.reload());
}

const begin = (name) => load(name).then((begin) => begin());

window.frontrow = { load, foresee, take };
begin(first())
  .catch(() => begin("app"))
  .catch(missing);
