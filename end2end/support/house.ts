// A house of a story's own: the real server as a child process, on a free port, with data that goes away afterwards.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How long a server may take until it is ready, in milliseconds: a debug build on a busy machine. */
const READY_WITHIN = 20_000;
/** How long one command may take, in milliseconds. */
const COMMAND_WITHIN = 20_000;

export type Role = "fan" | "artist" | "moderator";

export interface Show {
  slug: string;
  title: string;
  artist: string;
  startsAt: Date;
  doorsAt: Date;
  stream: string | null;
  chat: boolean;
  /** What stands where a message was hidden. */
  tombstones: "shown" | "gone";
}

export class House {
  private process: ChildProcess | null = null;
  private said = "";

  private constructor(
    private readonly data: string,
    private readonly port: number,
    private readonly options: string[],
  ) {}

  /** Starts a server; `options` go to `frontrow serve`. */
  static async open(options: string[] = []): Promise<House> {
    const data = await mkdtemp(join(tmpdir(), "frontrow-end2end-"));
    const house = new House(data, await freePort(), options);
    await house.restart();
    return house;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Creates an event that is open now, unless `show` says otherwise. */
  async announce(show: Partial<Show> = {}): Promise<Show> {
    const hourAgo = new Date(Date.now() - 3_600_000);
    const whole: Show = {
      slug: "salt-and-streetlight",
      title: "Salt & Streetlight",
      artist: "Vesna Oduya",
      startsAt: new Date(Date.now() - 2_400_000),
      doorsAt: show.startsAt && show.startsAt < hourAgo ? show.startsAt : hourAgo,
      stream: `${this.origin}/demo/demo.mp4`,
      chat: true,
      tombstones: "shown",
      ...show,
    };
    const options = {
      slug: whole.slug,
      title: whole.title,
      artist: whole.artist,
      "starts-at": rfc3339(whole.startsAt),
      "doors-at": rfc3339(whole.doorsAt),
      ...(whole.stream ? { stream: whole.stream } : {}),
      chat: whole.chat ? "on" : "off",
      tombstones: whole.tombstones,
    };
    await this.command("event", "create", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]));
    return whole;
  }

  /** Sells tickets. Their accounts are there as well, unless the server makes none. */
  async issue(slug: string, count: number, role: Role = "fan"): Promise<string[]> {
    const answer = await this.command("ticket", "issue", "--event", slug, "--role", role, "--count", String(count));
    const { codes } = JSON.parse(answer) as { codes: string[] };
    if (!this.options.includes("--provisioner")) await this.accountsOf(slug);
    return codes;
  }

  async revoke(slug: string, code: string): Promise<void> {
    await this.command("ticket", "revoke", "--event", slug, code);
  }

  /** Makes something else of a ticket, as an organizer does. */
  async setRole(slug: string, code: string, role: Role): Promise<void> {
    await this.command("ticket", "role", "--event", slug, code, "--role", role);
  }

  /** Makes the accounts of a server that runs with `--provisioner off`. */
  async provision(slug: string): Promise<void> {
    const provisioner = spawn(binary(), ["provision", "--data", this.data], { stdio: "ignore" });
    const ended = new Promise((done) => provisioner.once("exit", done));
    await this.accountsOf(slug);
    provisioner.kill("SIGTERM");
    await ended;
  }

  /** Waits until no ticket is without its account. */
  private async accountsOf(slug: string): Promise<void> {
    const until = Date.now() + READY_WITHIN;
    while (Date.now() < until) {
      const { provisioning } = JSON.parse(await this.command("status", "--event", slug)) as { provisioning: { pending: number } };
      if (provisioning.pending === 0) return;
    }
    throw new Error(`tickets are without an account:\n${this.said}`);
  }

  async issueOne(slug: string, role: Role = "fan"): Promise<string> {
    const [code] = await this.issue(slug, 1, role);
    if (!code) throw new Error("no code was issued");
    return code;
  }

  /** Changes the reactions of an event. */
  async offer(slug: string, ...reactions: string[]): Promise<void> {
    await this.command("event", "reactions", slug, reactions.join(" "));
  }

  async end(slug: string): Promise<void> {
    await this.command("event", "end", slug);
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    await this.stop("SIGKILL");
  }

  /** Starts the server again on the same port and data. */
  async restart(): Promise<void> {
    await this.stop("SIGKILL");
    const child = spawn(binary(), ["serve", "--data", this.data, "--listen", `127.0.0.1:${this.port}`, ...this.options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => {
      this.said = (this.said + chunk.toString()).slice(-20_000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.process = child;
    await this.ready(child);
  }

  async close(): Promise<void> {
    await this.stop("SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }

  /** The end of what the server said, for a failed story's report. */
  get lastWords(): string {
    return this.said;
  }

  private async command(...words: string[]): Promise<string> {
    const { stdout } = await run(binary(), [...words, "--data", this.data, "--json"], { timeout: COMMAND_WITHIN });
    return stdout;
  }

  private async ready(child: ChildProcess): Promise<void> {
    const until = Date.now() + READY_WITHIN;
    while (Date.now() < until) {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${this.said}`);
      const answer = await fetch(`${this.origin}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((next) => setTimeout(next, 20));
    }
    throw new Error(`the server is not ready:\n${this.said}`);
  }

  private async stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }
}

function binary(): string {
  if (process.env.FRONTROW_BIN) return process.env.FRONTROW_BIN;
  const built = ["release", "debug"]
    .map((profile) => fileURLToPath(new URL(`../../target/${profile}/frontrow`, import.meta.url)))
    .find((path) => existsSync(path));
  if (!built) throw new Error("no server is built: run `cargo xtask build`, or name one in FRONTROW_BIN");
  return built;
}

function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === "object" ? found(address.port) : failed(new Error("no port"))));
    });
  });
}

const rfc3339 = (time: Date) => time.toISOString().replace(/\.\d+Z$/, "Z");
