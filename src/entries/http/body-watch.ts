import type { IncomingMessage } from "node:http";

/** A body that has not arrived is cut off after this long, or up to half of it sooner. */
export const BODY_TIMEOUT_MS = 60_000;

/**
 * Cuts off requests whose body does not arrive, as the runtime would if every request had the same time. Two
 * generations need neither a timer nor a look at the clock for each request.
 */
export class BodyWatch {
  #young = new Set<IncomingMessage>();
  #old = new Set<IncomingMessage>();
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timer = setInterval(() => this.#sweep(), timeoutMs / 2).unref();
  }

  begun(request: IncomingMessage): void {
    this.#young.add(request);
  }
  ended(request: IncomingMessage): void {
    if (!this.#young.delete(request)) this.#old.delete(request);
  }
  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    for (const { complete, socket } of this.#old) {
      if (complete || socket.destroyed) continue;
      socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", () => socket.destroy());
    }
    this.#old = this.#young;
    this.#young = new Set();
  }
}
