import { runCached, type StepIdentity } from "../../capabilities/stores/index.js";
import type { Clock } from "../../foundation/base/clock.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { Store } from "../../foundation/contracts/store.js";

export interface StepOutcome<T> {
  readonly value: T;
  /** Names the output: input of later steps. */
  readonly hash: Sha256;
  /** Of the work when it was done. */
  readonly seconds: number;
  readonly hit: boolean;
}

/** Runs the cached steps of one training and counts them. */
export class StepRunner {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #environment: Readonly<Record<string, string>>;
  steps = 0;
  hits = 0;

  constructor(
    store: Store,
    options: { clock: Clock; seed: number; environment: Readonly<Record<string, string>> },
  ) {
    this.#store = store;
    this.#clock = options.clock;
    this.#seed = options.seed;
    this.#environment = options.environment;
  }

  /** A step that somebody else ran. */
  count(hit: boolean): void {
    this.steps++;
    if (hit) this.hits++;
  }

  /** Outputs are plain values (base/packing). A first run and a repeated one both see the stored bytes. */
  async run<T>(
    identity: Omit<StepIdentity, "seed" | "environment">,
    work: () => Promise<T>,
    references?: (value: T) => readonly Sha256[],
  ): Promise<StepOutcome<T>> {
    const outcome = await runCached<T>(
      this.#store,
      { ...identity, seed: this.#seed, environment: this.#environment },
      work,
      { clock: this.#clock, ...(references ? { references } : {}) },
    );
    this.count(outcome.hit);
    return outcome;
  }
}
