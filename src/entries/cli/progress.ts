import type { RunEvent } from "../../foundation/contracts/run.js";
import type { OutputStream } from "./io.js";
import { formatDuration } from "./text.js";

export interface ProgressView {
  show(event: RunEvent): void;
  end(): void;
}

const REDRAW_MS = 80;

/** One line redrawn in place on a terminal; a plain line per stage elsewhere. */
export function createProgressView(stream: OutputStream): ProgressView {
  return stream.isTTY ? new LiveView(stream) : new PlainView(stream);
}

function describe(event: RunEvent): string {
  const share = event.total > 1 ? ` ${event.done}/${event.total}` : "";
  const values = Object.entries(event.values ?? {}).map(
    ([name, value]) => `${name} ${Number(value.toPrecision(5))}`,
  );
  const eta =
    event.etaMs !== undefined && event.etaMs > 1000 ? [`about ${formatDuration(event.etaMs)} left`] : [];
  const tail = [...values, ...eta].join(", ");
  return `${event.stage}${event.detail ? ` ${event.detail}` : ""}${share}${tail ? ` (${tail})` : ""}`;
}

class LiveView implements ProgressView {
  readonly #stream: OutputStream;
  #lastDraw = 0;
  #drawn = false;
  #label = "";

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  show(event: RunEvent): void {
    const label = `${event.stage} ${event.detail ?? ""}`;
    const now = event.elapsedMs;
    if (label === this.#label && now - this.#lastDraw < REDRAW_MS && event.done < event.total) return;
    if (label !== this.#label && this.#drawn) this.#stream.write("\n");
    this.#label = label;
    this.#lastDraw = now;
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    const line = `${formatDuration(event.elapsedMs).padStart(7)}  ${describe(event)}`;
    this.#stream.write(`\r\u001b[2K${line.slice(0, width)}`);
    this.#drawn = true;
  }

  end(): void {
    if (this.#drawn) this.#stream.write("\n");
    this.#drawn = false;
    this.#label = "";
  }
}

class PlainView implements ProgressView {
  readonly #stream: OutputStream;
  #label = "";

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  show(event: RunEvent): void {
    const label = `${event.stage} ${event.detail ?? ""}`;
    if (label === this.#label) return;
    this.#label = label;
    this.#stream.write(
      `${formatDuration(event.elapsedMs).padStart(7)}  ${describe({ ...event, done: 0, total: 0 })}\n`,
    );
  }

  end(): void {
    this.#label = "";
  }
}
