import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { candidateOf, FAKE } from "../../../test/fixtures/fake-search.js";
import { type Budget, countedBudget, timedBudget } from "./budget.js";

let milliseconds = 0;
const clock = { now: () => milliseconds, elapsed: () => milliseconds };
const other = { ...FAKE, id: "other" };
const opened: Budget[] = [];
const open = (seconds: number, slots = 1): Budget => {
  const budget = timedBudget(clock, { deadlineMs: milliseconds + 1000 * seconds, finishingMs: 0, slots });
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
    // Six seconds are left; one estimated second takes four, in this family and, as far as known, in others.
    expect(budget.admits(candidateOf(1, { seconds: 1.6 }))).toBe(false);
    expect(budget.admits(candidateOf(2, { seconds: 1.6, trainer: other }))).toBe(false);
    const quick = candidateOf(3, { trainer: other });
    expect(budget.admits(quick)).toBe(true);
    budget.observe(quick, 0.5);
    expect(budget.admits(candidateOf(4, { seconds: 10, trainer: other }))).toBe(true);
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
    expect(budget.admits(candidateOf(1, { seconds: 3 }))).toBe(true);
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
