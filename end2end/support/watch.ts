// What a page must never do unnoticed: complain on the console, throw, or ask anybody but its own house.

import { type BrowserContext, type Page, expect } from "@playwright/test";

export class Watch {
  private readonly troubles: string[] = [];
  private readonly allowed: RegExp[] = [];

  constructor(
    context: BrowserContext,
    private readonly origin: string,
  ) {
    context.on("page", (page) => this.attend(page));
    context.on("request", (request) => {
      const url = request.url();
      if (!this.isOurs(url)) this.troubles.push(`asked somebody else: ${url}`);
    });
    context.on("weberror", (error) => this.troubles.push(`threw: ${error.error().stack ?? error.error().message}`));
  }

  /** What this story provokes on purpose. */
  allow(...complaints: RegExp[]): void {
    this.allowed.push(...complaints);
  }

  expectQuiet(): void {
    const unexpected = this.troubles.filter((trouble) => !this.allowed.some((complaint) => complaint.test(trouble)));
    expect(unexpected, "the page complained").toEqual([]);
  }

  private attend(page: Page): void {
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      this.troubles.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on("websocket", (socket) => {
      if (!this.isOurs(socket.url().replace(/^ws/, "http"))) this.troubles.push(`asked somebody else: ${socket.url()}`);
    });
    page.on("crash", () => this.troubles.push("the page crashed"));
  }

  private isOurs(url: string): boolean {
    return url.startsWith(`${this.origin}/`) || url.startsWith("data:") || url.startsWith("blob:") || url === "about:blank";
  }
}

/** The browser's own words for a request that got this status. */
export const status = (code: number) => new RegExp(`status of ${code} `);
/** The browser's own words for a house that does not answer. */
export const NO_LINE = [
  /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|INTERNET_DISCONNECTED|CONTENT_LENGTH_MISMATCH|INCOMPLETE_CHUNKED_ENCODING|FAILED)/,
  /WebSocket connection to .* failed/,
];
