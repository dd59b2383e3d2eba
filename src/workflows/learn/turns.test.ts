import fc from "fast-check";
import { expect, test } from "vitest";
import { type Family, takeTurns } from "./turns.js";

const family = (id: string, best: number, seconds: readonly number[] = [1], expectedSeconds = 1): Family => ({
  id,
  best,
  idle: 0,
  seconds,
  expectedSeconds,
});

/** How many trials each family has after so many, each as dear as its first. */
function afterTrials(families: readonly Family[], trials: number): Map<string, number> {
  let now = families;
  while (now.reduce((sum, { seconds }) => sum + seconds.length, 0) < trials) {
    const turns = takeTurns(now, 4);
    now = now.map((known) => {
      const more = turns.filter((id) => id === known.id).map(() => known.expectedSeconds);
      return { ...known, seconds: [...known.seconds, ...more] };
    });
  }
  return new Map(now.map(({ id, seconds }) => [id, seconds.length]));
}

test("of ten families of equal cost the best has half of a long search, and every one has its part", () => {
  const families = Array.from({ length: 10 }, (_, k) => family(`f${k}`, k));
  const counts = [...afterTrials(families, 400).values()];
  expect(counts[0]! / 400).toBeCloseTo(0.5, 1);
  expect(counts[1]! / 400).toBeCloseTo(0.18, 1);
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(5);
});

test("neither do cheap families use up the trials nor dear ones the time", () => {
  const families = [
    family("best", 0, [10], 10),
    family("cheap", 1, [0.1], 0.1),
    family("dear", 1, [100], 100),
  ];
  const counts = afterTrials(families, 300);
  expect(counts.get("cheap")! / 300).toBeLessThan(0.5);
  const seconds = (id: string) =>
    counts.get(id)! * families.find((known) => known.id === id)!.expectedSeconds;
  expect(seconds("dear") / (seconds("best") + seconds("dear"))).toBeLessThan(0.6);
});

test("a family that has had more than its share waits", () => {
  const crowded = family("crowded", 0, Array(20).fill(1));
  expect(takeTurns([crowded, family("second", 1)], 4)).not.toContain("crowded");
});

test("a family that has found nothing for long yields to the next", () => {
  const families = [family("found", 0, Array(40).fill(1)), family("second", 1, Array(15).fill(1))];
  const turns = (idle: number) => takeTurns([{ ...families[0]!, idle }, families[1]!], 8);
  const ofSecond = (idle: number) => turns(idle).filter((id) => id === "second").length;
  expect(ofSecond(0)).toBeLessThan(3);
  expect(ofSecond(40)).toBeGreaterThan(6);
});

test("turns depend neither on the order of the families nor on how many are asked for at once", () => {
  const families = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("a", "b", "c", "d", "e"),
      best: fc.constantFrom(0, 0.5, 0.5, 1, Number.POSITIVE_INFINITY),
      idle: fc.nat(50),
      seconds: fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 6 }),
      expectedSeconds: fc.double({ min: 0, max: 100, noNaN: true }),
    }),
    { selector: ({ id }) => id, minLength: 1 },
  );
  fc.assert(
    fc.property(families, (known) => {
      const turns = takeTurns(known, 8);
      expect(turns).toHaveLength(8);
      expect(takeTurns(known.toReversed(), 8)).toEqual(turns);
      expect(takeTurns(known, 3)).toEqual(turns.slice(0, 3));
    }),
  );
});
