// An evening with a crew: a moderator at work, a fan who watches, and one who will be trouble.

import { Desk } from "./desk.ts";
import type { Fan } from "./fan.ts";
import type { House } from "./house.ts";

export const LAPTOP = { viewport: { width: 1440, height: 900 } };

interface Setting {
  house: House;
  newFan: (options?: object) => Promise<Fan>;
}

export interface Evening {
  slug: string;
  mo: Desk;
  marit: Fan;
  kenny: Fan;
}

/** A moderator at work, a fan who watches, and one who will be trouble. */
export async function evening({ house, newFan }: Setting, options: object = LAPTOP): Promise<Evening> {
  // Nobody looks at the stream here, and a browser draws it for each of them.
  const { slug } = await house.announce({ stream: null });
  const marit = await newFan();
  await marit.walkIn(slug, await house.issueOne(slug), "Marit");
  const kenny = await newFan();
  await kenny.walkIn(slug, await house.issueOne(slug), "crypto_kenny");
  const mo = await Desk.sitDown(await newFan(options), slug, await house.issueOne(slug, "moderator"), "Mo");
  return { slug, mo, marit, kenny };
}
