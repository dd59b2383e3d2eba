import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { candidateOf, FAKE } from "../../../test/fixtures/fake-search.js";
import { type Budget, countedBudget, timedBudget } from "./budget.js";

let milliseconds = 0;
const clock = { now: () => milliseconds, elapsed: () => milliseconds };
const other = { ...FAKE, id: "other" };
const opened: Budget[] = [];
const open = (seconds: number, slots = 1, leastMs = 0): Budget => {
  const deadlineMs = milliseconds + 1000 * seconds;
  const budget = timedBudget(clock, { deadlineMs, finishingMs: 0, slots, leastMs });
  opened.push(budget);
  return budget;
};

beforeEach(() => {
  milliseconds = 5_000;
  vi.useFakeTimers();
});
afterEach(() => {
  for (const budget of opened.splice(0)) budget.end();
  vi.useRealTimers();
});

describe("a budget of counted trials", () => {
  test("is never spent", () => {
    const budget = countedBudget();
    expect(budget.admits(candidateOf(0, { seconds: 1e9 }))).toBe(true);
    expect(budget.isSpent()).toBe(false);
    expect(budget.signal.aborted).toBe(false);
  });
});

describe("a budget of time", () => {
  test("a trial that is too long for the time is refused, also the first", () => {
    const budget = open(1);
    expect(budget.admits(candidateOf(0, { seconds: 1000 }))).toBe(false);
    expect(budget.admits(candidateOf(1, { seconds: 0.5 }))).toBe(true);
  });

  test("the first of a family that can end with what it has starts in a quarter of its time, others do not", () => {
    const anytime = { ...FAKE, id: "anytime", capabilities: { ...FAKE.capabilities, anytime: true } };
    const budget = open(10);
    const first = candidateOf(0, { seconds: 20, trainer: anytime });
    expect(budget.admits(candidateOf(1, { seconds: 20 }))).toBe(false);
    expect(budget.admits(first)).toBe(true);
    budget.observe(first, 6);
    expect(budget.admits(candidateOf(2, { seconds: 40, trainer: anytime }))).toBe(false);
  });

  test("the fits of the first trial leave time for others, later ones may take what is left", () => {
    const budget = open(10, 2);
    expect(budget.limit!(1)).toBeCloseTo(5.7, 9);
    expect(budget.limit!(5)).toBeCloseTo(5.7 / 3, 9);
    const first = candidateOf(0);
    budget.admits(first);
    milliseconds += 6_000;
    budget.observe(first, 6);
    expect(budget.limit!(1)).toBeCloseTo(3.8, 9);
    expect(budget.limit!(4)).toBeCloseTo(1.9, 9);
  });

  test("the first trial gets its least even when the time is up, so that there is a model", () => {
    const budget = open(-5, 2, 3_000);
    expect([budget.limit!(2), budget.limit!(6)]).toEqual([3, 1]);
  });

  test("what runs already counts, shared among the slots", () => {
    const take = (slots: number): number => {
      const budget = open(10, slots);
      let admitted = 0;
      while (admitted < 100 && budget.admits(candidateOf(admitted))) admitted++;
      return admitted;
    };
    // Estimates of one second are taken for one and a half until something was measured.
    expect(take(1)).toBe(6);
    expect(take(2)).toBe(13);
  });

  test("learns from each family how its estimates come true", () => {
    const budget = open(10);
    const first = candidateOf(0);
    budget.admits(first);
    milliseconds += 4_000;
    budget.observe(first, 4);
    // Six seconds are left; one estimated second took four in this family, which tells less of others.
    expect(budget.fits(candidateOf(1, { seconds: 2.5 }))).toBe(false);
    expect(budget.fits(candidateOf(2, { seconds: 2.5, trainer: other }))).toBe(true);
    expect(budget.fits(candidateOf(2, { seconds: 3.5, trainer: other }))).toBe(false);
    const quick = candidateOf(3, { trainer: other });
    expect(budget.admits(quick)).toBe(true);
    budget.observe(quick, 0.5);
    expect(budget.fits(candidateOf(4, { seconds: 4, trainer: other }))).toBe(true);
    expect(budget.fits(candidateOf(4, { seconds: 4 }))).toBe(false);
  });

  test("a trial that failed gives its time back", () => {
    const budget = open(4);
    const first = candidateOf(0, { seconds: 2 });
    budget.admits(first);
    expect(budget.admits(candidateOf(1))).toBe(false);
    budget.release(first);
    expect(budget.admits(candidateOf(1))).toBe(true);
  });

  test("aborts what runs when the time is up, but not before there is one finished trial", () => {
    const budget = open(2);
    const first = candidateOf(0);
    budget.admits(first);
    milliseconds += 3_000;
    vi.advanceTimersByTime(100);
    expect([budget.signal.aborted, budget.isSpent()]).toEqual([false, false]);
    budget.observe(first, 3);
    vi.advanceTimersByTime(100);
    expect([budget.signal.aborted, budget.isSpent()]).toEqual([true, true]);
  });

  test("a fit gets the time it was given, also where estimates that come out too low move the end", () => {
    const deadlineMs = milliseconds + 20_000;
    const budget = timedBudget(clock, { deadlineMs, finishingMs: 5_000, slots: 2 });
    opened.push(budget);
    const [quick, long] = [candidateOf(0), candidateOf(1)];
    budget.admits(quick);
    budget.admits(long);
    expect(budget.limit!(1)).toBeCloseTo(8.55, 9);
    milliseconds += 8_000;
    budget.observe(quick, 31);
    vi.advanceTimersByTime(100);
    expect([budget.isSpent(), budget.signal.aborted]).toEqual([true, false]);
    milliseconds += 1_100;
    vi.advanceTimersByTime(100);
    expect(budget.signal.aborted).toBe(true);
  });

  test("a first fit that also prepares its features does not make the machine slow", () => {
    const budget = timedBudget(clock, { deadlineMs: milliseconds + 20_000, finishingMs: 5_000, slots: 1 });
    opened.push(budget);
    const first = candidateOf(0, { seconds: 0.5 });
    budget.admits(first);
    milliseconds += 2_000;
    budget.observe(first, 2);
    // 5.5 seconds of expected work took 7: the five kept for the end become 6.4, not 20.
    expect(budget.limit!(1)).toBeCloseTo(0.95 * (18 - (5 * 7) / 5.5), 9);
  });

  test("what is withheld is cut off from the search and granted to what follows, with a signal of its own", () => {
    const budget = open(10);
    budget.withhold(0.4);
    const first = candidateOf(0);
    budget.admits(first);
    budget.observe(first, 1);
    const searching = budget.signal;
    milliseconds += 6_500;
    vi.advanceTimersByTime(100);
    expect([searching.aborted, budget.isSpent()]).toEqual([true, true]);
    budget.grant();
    expect([budget.signal.aborted, budget.isSpent()]).toEqual([false, false]);
    expect(budget.admits(candidateOf(1, { seconds: 2.5 }))).toBe(true);
    milliseconds += 4_000;
    vi.advanceTimersByTime(100);
    expect(budget.signal.aborted).toBe(true);
  });

  test("aborts nothing after its end", () => {
    const budget = open(2);
    const first = candidateOf(0);
    budget.admits(first);
    budget.observe(first, 1);
    budget.end();
    milliseconds += 3_000;
    vi.advanceTimersByTime(1_000);
    expect(budget.signal.aborted).toBe(false);
  });
});
