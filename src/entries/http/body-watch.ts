import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** A body that has not arrived is cut off after this long, or up to half of it sooner. */
export const BODY_TIMEOUT_MS = 60_000;

/**
 * Cuts off requests whose body does not arrive, as the runtime would if every request had the same time. Looking twice at
 * the last request of each connection needs neither a timer nor a look at the clock for each request.
 */
export class BodyWatch {
  #last = new Map<Socket, IncomingMessage>();
  #seen = new Map<Socket, IncomingMessage>();
  readonly #timer: NodeJS.Timeout;

  constructor(timeoutMs: number) {
    this.#timer = setInterval(() => this.#sweep(), timeoutMs / 2).unref();
  }

  begun(request: IncomingMessage): void {
    const { socket } = request;
    if (!this.#last.has(socket)) socket.once("close", () => this.#last.delete(socket));
    this.#last.set(socket, request);
  }
  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    for (const [socket, request] of this.#last) {
      if (request.complete || socket.destroyed || this.#seen.get(socket) !== request) continue;
      socket.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", () => socket.destroy());
    }
    this.#seen = new Map(this.#last);
  }
}
