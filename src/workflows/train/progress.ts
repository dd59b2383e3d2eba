import type { Clock } from "../../foundation/base/clock.js";
import type { RunEvent } from "../../foundation/contracts/run.js";
import type { RunLease } from "../../foundation/contracts/store.js";

/** Tells the caller and the store how far a run is; an estimate of the rest comes from the trials' own estimates. */
export class Progress {
  readonly #clock: Clock;
  readonly #onEvent: (event: RunEvent) => void;
  readonly #start: number;
  #lease: RunLease | undefined;

  /** @param startedAt epoch milliseconds; the time before this process began counts as well */
  constructor(clock: Clock, onEvent: (event: RunEvent) => void, startedAt: number) {
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.#start = clock.elapsed() - Math.max(0, clock.now() - startedAt);
  }

  /** From now on the store hears it too. */
  attach(lease: RunLease): void {
    this.#lease = lease;
  }

  get seconds(): number {
    return (this.#clock.elapsed() - this.#start) / 1000;
  }

  report(event: Omit<RunEvent, "run" | "elapsedMs">): void {
    this.#onEvent({ ...event, run: this.#lease?.id ?? "", elapsedMs: this.#clock.elapsed() - this.#start });
    // Progress is a courtesy: a store that cannot take it now will fail where it matters.
    void this.#lease
      ?.report({ stage: event.stage, done: event.done, total: event.total })
      .catch(() => undefined);
  }
}
