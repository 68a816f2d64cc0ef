// A seat taken by the API alone, for clients that are no browsers.

import type { House } from "./house.ts";

export interface Seat {
  /** Where the room's socket is. */
  address: string;
  /** A credential to say hello with: each counts once and for a minute. */
  credential(): Promise<string>;
}

/** Shows a new ticket and takes a nickname. */
export async function takeSeat(house: House, slug: string, nickname: string): Promise<Seat> {
  const base = `${house.origin}/api/events/${slug}`;
  const call = (method: string, path: string, cookie: string, body?: unknown) =>
    fetch(`${base}/${path}`, {
      method,
      headers: { cookie, ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const admitted = await call("POST", "admission", "", { ticket: await house.issueOne(slug) });
  if (!admitted.ok) throw new Error(`admission: ${admitted.status}`);
  const cookie = admitted.headers.getSetCookie().map((set) => set.split(";")[0]).join("; ");
  for (;;) {
    const named = await call("PUT", "nickname", cookie, { nickname });
    if (named.ok) break;
    // The account behind a new ticket is being made.
    if (named.status !== 503) throw new Error(`nickname: ${named.status}`);
    await new Promise((next) => setTimeout(next, 50));
  }
  const credential = async () => {
    const answer = await call("POST", "credentials", cookie);
    if (!answer.ok) throw new Error(`credentials: ${answer.status}`);
    return ((await answer.json()) as { token: string }).token;
  };
  return { address: `${base.replace(/^http/, "ws")}/socket`, credential };
}
