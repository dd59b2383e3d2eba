import { describe, expect, it } from "vitest";
import { AUC, candidateOf, FAKE } from "../../../test/fixtures/fake-search.js";
import { strongest } from "./combine.js";
import type { FinishedTrial } from "./trial.js";

const trialOf = (number: number, trainer: string, value: number): FinishedTrial => ({
  ...{ state: "done", seconds: 1, fits: [], foldValues: [], value },
  candidate: candidateOf(number, { trainer: { ...FAKE, id: trainer } }),
  heldOut: { kind: "probabilities", values: new Float64Array(0), classes: 2 },
});
const numbers = (trials: readonly FinishedTrial[]) => trials.map(({ candidate }) => candidate.number);

describe("the trials that are combined", () => {
  const tuned = Array.from({ length: 80 }, (_, k) => trialOf(k, "tuned", 0.9 - k / 1000));
  const others = [81, 82, 83, 84, 85, 86].map((number) => trialOf(number, "other", 0.6 - number / 1000));

  it("are all of them where they are few, best first", () => {
    const few = [...others.slice(0, 2), ...tuned.slice(0, 38)];
    expect(numbers(strongest(few, AUC))).toEqual([...Array(38).keys(), 81, 82]);
  });

  it("say something each: of copies the first is there", () => {
    const copies = tuned.map(({ candidate: { number } }) => trialOf(number, "tuned", 0.9));
    expect(numbers(strongest([...copies, trialOf(90, "other", 0.9)], AUC))).toEqual([0, 90]);
  });

  it("have the best of every family among them, however often one was tried", () => {
    const chosen = strongest([...others, ...tuned, trialOf(99, "third", 0.5)], AUC);
    expect(numbers(chosen)).toEqual([...Array(35).keys(), 81, 82, 83, 84, 99]);
  });
});
