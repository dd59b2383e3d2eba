import type { Clock } from "../../foundation/base/clock.js";
import type { Candidate } from "./candidates.js";

/** What a search may spend: counted trials by default, or time. */
export interface Budget {
  /** Whether a trial should end in time. */
  fits(candidate: Candidate): boolean;
  /** Whether a trial may start; then it counts as under way. */
  admits(candidate: Candidate): boolean;
  /**
   * Whether a trial that should not end in time may start all the same: estimates may be wrong, and at worst the time
   * cuts it off. Asked once nothing fits any more; absent where work is counted.
   */
  ventures?(candidate: Candidate): boolean;
  /**
   * Seconds that the first of so many fits to come, side by side in the slots, may take, where its trainer can end in
   * time; absent where work is counted. What is said here is given: until then nothing is cut off.
   */
  limit?(fits: number): number;
  isSpent(): boolean;
  /** An admitted trial has ended; teaches how estimates relate to this machine now. */
  observe(candidate: Candidate, seconds: number): void;
  /** An admitted trial has failed. */
  release(candidate: Candidate): void;
  /** Keeps this share of the time that is left for what comes after the search. */
  withhold(share: number): void;
  /** Gives what was withheld to what comes now; nothing is under way. */
  grant(): void;
  /** Aborted when the time is up: unfinished trials are given up. */
  readonly signal: AbortSignal;
  end(): void;
}

/** Whatever is proposed is done: the number of trials is the budget. */
export function countedBudget(): Budget {
  return {
    fits: () => true,
    admits: () => true,
    isSpent: () => false,
    observe: () => undefined,
    release: () => undefined,
    withhold: () => undefined,
    grant: () => undefined,
    signal: new AbortController().signal,
    end: () => undefined,
  };
}

/** Before anything was measured, estimates may be off by so much. */
const FIRST_GUESS = 1.5;

/** Of the time that is left, the fits of the first trials get so much: others should be tried as well. */
const FIRST_SHARE = 0.6;
/** A fit that ends for its limit still has to judge its held-out rows and to be stored. */
const LIMIT_SHARE = 0.95;
const LEAST_LIMIT_SECONDS = 0.2;
/** So much of the estimated time is worth it for the first trial of a family that can end with what it has. */
const WORTHWHILE_SHARE = 0.25;

export interface TimedBudgetOptions {
  /** On the clock's own scale (`elapsed`), for the search and what follows it. */
  readonly deadlineMs: number;
  /** What follows the search takes on a machine that keeps its estimates; a slower one needs more. */
  readonly finishingMs: number;
  readonly slots: number;
  /** What the first trial gets even where the time is up by then: there has to be a model that has learned something. */
  readonly leastMs?: number;
}

/**
 * Until a moment of the clock. A trial is admitted when it should end in time, judged by its estimate, by how
 * the estimates of its family came true so far and by what is still running.
 */
export function timedBudget(
  clock: Clock,
  { deadlineMs, finishingMs, slots, leastMs = 0 }: TimedBudgetOptions,
): Budget {
  let controller = new AbortController();
  let withheldMs = 0;
  const paces = new Paces();
  let pending = 0;
  let finished = 0;
  /** On the clock's own scale: until then a fit under way may take the time it was given. */
  let promisedMs = 0;
  const secondsLeft = (): number =>
    (deadlineMs - withheldMs - finishingMs * paces.slowdown() - clock.elapsed()) / 1000;
  const needed = (candidate: Candidate): number => {
    const { id, capabilities } = candidate.trainer;
    const share = capabilities.anytime && !paces.knows(id) ? WORTHWHILE_SHARE : 1;
    return share * paces.expected(candidate);
  };
  const started = new Map<Candidate, number>();
  const timer = setInterval(() => {
    const isUp = secondsLeft() <= 0 && clock.elapsed() >= promisedMs;
    if (finished > 0 && isUp) controller.abort(new Error("The time is up."));
  }, TICK_MS);
  timer.unref();
  return {
    fits: (candidate) => (pending + needed(candidate)) / slots <= secondsLeft(),
    admits(candidate) {
      if (!this.fits(candidate)) return false;
      const seconds = needed(candidate);
      pending += seconds;
      started.set(candidate, seconds);
      return true;
    },
    ventures(candidate) {
      if (secondsLeft() <= 0 || started.size >= slots) return false;
      started.set(candidate, 0);
      return true;
    },
    limit(fits) {
      const waves = Math.ceil(fits / slots);
      const seconds =
        finished > 0
          ? Math.max(LEAST_LIMIT_SECONDS, (LIMIT_SHARE * secondsLeft()) / waves)
          : Math.max(leastMs / 1000, FIRST_SHARE * LIMIT_SHARE * secondsLeft()) / waves;
      promisedMs = Math.max(promisedMs, clock.elapsed() + (1000 * seconds) / LIMIT_SHARE);
      return seconds;
    },
    isSpent: () => finished > 0 && secondsLeft() <= 0,
    observe(candidate, seconds) {
      finished++;
      this.release(candidate);
      paces.observe(candidate, seconds);
    },
    release(candidate) {
      pending -= started.get(candidate) ?? 0;
      started.delete(candidate);
    },
    withhold(share) {
      withheldMs = share * Math.max(0, deadlineMs - clock.elapsed());
    },
    grant() {
      withheldMs = 0;
      // What the time cut off was never observed, and what follows is not cut off by it.
      pending = 0;
      started.clear();
      controller = new AbortController();
    },
    get signal() {
      return controller.signal;
    },
    end: () => clearInterval(timer),
  };
}

const TICK_MS = 50;
/** A first fit also prepares its features: so much work is taken to have come out as estimated. */
const EXPECTED_SECONDS = 5;
/** The same within a family, whose first trial may be short: so much is taken to have come out like all others. */
const OWN_SECONDS = 1;
/** Estimates that came out this much too low say more of the estimates than of the machine. */
const MOST_SLOWDOWN = 4;

interface Spent {
  estimated: number;
  measured: number;
}

/** How the estimates of each family and of all together have come true. */
class Paces {
  readonly #families = new Map<string, Spent>();
  readonly #all: Spent = { estimated: 0, measured: 0 };

  knows(trainer: string): boolean {
    return this.#families.has(trainer);
  }

  observe({ trainer: { id }, estimate }: Candidate, seconds: number): void {
    const own = this.#families.get(id) ?? { estimated: 0, measured: 0 };
    this.#families.set(id, own);
    for (const sum of [own, this.#all]) {
      sum.estimated += Math.max(1e-6, estimate.seconds);
      sum.measured += seconds;
    }
  }

  expected({ trainer: { id }, estimate }: Candidate): number {
    const { measured, estimated } = this.#all;
    const common = (EXPECTED_SECONDS * FIRST_GUESS + measured) / (EXPECTED_SECONDS + estimated);
    const own = this.#families.get(id);
    const pace = own ? (OWN_SECONDS * common + own.measured) / (OWN_SECONDS + own.estimated) : common;
    return estimate.seconds * pace;
  }

  /** How many times longer than on an idle machine things take; at least 1. */
  slowdown(): number {
    const { measured, estimated } = this.#all;
    const pace = (EXPECTED_SECONDS + measured) / (EXPECTED_SECONDS + estimated);
    return Math.min(MOST_SLOWDOWN, Math.max(1, pace));
  }
}
