import { describe, expect, test } from "vitest";
import {
  AUC,
  binaryMaterial,
  candidateOf,
  FAKE,
  fakeFitter,
  quiet,
} from "../../../test/fixtures/fake-search.js";
import { type Budget, countedBudget } from "./budget.js";
import type { Candidate } from "./candidates.js";
import { type Proposer, type SearchTools, search } from "./search.js";
import { type Fitter, isFinished, ranked, type TrialResult } from "./trial.js";

const material = binaryMaterial(60, 3);
const never = new AbortController().signal;

/** Proposes the given generations one after the other and notes what it was told. */
function listed(generations: readonly (readonly Candidate[])[], told: number[][] = []): Proposer {
  let next = 0;
  return {
    next(history) {
      told.push(history.map(({ candidate }) => candidate.number));
      return generations[next++] ?? [];
    },
    goesOn: () => true,
  };
}

function tools(proposer: Proposer, changes: Partial<SearchTools> = {}): SearchTools {
  return {
    metric: AUC,
    fitter: fakeFitter(material),
    proposer,
    budget: countedBudget(),
    logger: quiet,
    signal: never,
    onTrial: () => undefined,
    ...changes,
  };
}

const run = (proposer: Proposer, changes: Partial<SearchTools> = {}): Promise<TrialResult[]> =>
  search(material, "identity", tools(proposer, changes));

describe("a search", () => {
  test("a generation knows the trials of earlier generations alone, in their order, however they end", async () => {
    const told: number[][] = [];
    const generations = [
      [candidateOf(0), candidateOf(1), candidateOf(2)],
      [candidateOf(3), candidateOf(4)],
    ];
    const ended: number[] = [];
    const trials = await run(listed(generations, told), {
      // The first of a generation is the slowest.
      fitter: fakeFitter(material, (task) =>
        task.fold === 0 && ended.length === 0
          ? new Promise<void>((resolve) => setTimeout(resolve, 5))
          : undefined,
      ),
      onTrial: ({ candidate }) => ended.push(candidate.number),
    });
    expect(told).toEqual([[], [0, 1, 2], [0, 1, 2, 3, 4]]);
    expect(trials.map(({ candidate }) => candidate.number)).toEqual([0, 1, 2, 3, 4]);
    expect([...ended].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test("joins the folds to one prediction a row, and scores all of them", async () => {
    const [trial] = await run(listed([[candidateOf(0, { quality: 1 })]]));
    expect(trial).toMatchObject({ state: "done", value: 1, foldValues: [1, 1, 1], seconds: 0.75 });
    if (!trial || !isFinished(trial)) throw new Error("The trial is not finished.");
    const { target } = material;
    const codes = target.task === "regression" ? [] : target.codes;
    for (const [row, code] of codes.entries()) expect(trial.heldOut.values[2 * row + code]).toBe(0.75);
  });

  test("a failing trainer ends its own trial only", async () => {
    const trials = await run(listed([[candidateOf(0, { quality: 0.9 }), candidateOf(1, { quality: 0.3 })]]), {
      fitter: fakeFitter(material, ({ config, fold }) => {
        if (config.quality === 0.3 && fold === 1) throw new Error("no convergence");
      }),
    });
    expect(trials.map(({ state }) => state)).toEqual(["done", "failed"]);
    expect(trials[1]).toMatchObject({ error: "no convergence" });
    expect(ranked(trials, AUC).map(({ candidate }) => candidate.number)).toEqual([0]);
  });

  test("a searched trial is pruned after its first fold; a listed one is always finished", async () => {
    const fits: string[] = [];
    const generation = [candidateOf(0), candidateOf(1, { quality: 0.1, origin: "search" })];
    const trials = await run(
      { ...listed([generation]), goesOn: () => false },
      {
        fitter: fakeFitter(material, ({ config, fold }) => {
          fits.push(`${config.quality}/${fold}`);
        }),
      },
    );
    expect(trials.map(({ state }) => state)).toEqual(["done", "pruned"]);
    expect(fits.filter((fit) => fit.startsWith("0.1/"))).toEqual(["0.1/0"]);
    expect(trials[1]).toMatchObject({ foldValues: [expect.any(Number)], seconds: 0.25 });
  });

  test("a trial that the time cut off says nothing, and what was finished stays", async () => {
    const time = new AbortController();
    const budget: Budget = { ...countedBudget(), signal: time.signal, isSpent: () => time.signal.aborted };
    const trials = await run(
      listed([[candidateOf(0)], [candidateOf(1, { quality: 0.9 })], [candidateOf(2)]]),
      {
        budget,
        fitter: fakeFitter(material, (task, signal) => {
          if (task.config.quality !== 0.9) return;
          time.abort(new Error("The time is up."));
          signal.throwIfAborted();
        }),
      },
    );
    expect(trials.map(({ candidate, state }) => [candidate.number, state])).toEqual([[0, "done"]]);
  });

  test("an interruption from outside ends the search with its reason", async () => {
    const user = new AbortController();
    const fitter = fakeFitter(material, (_, signal) => {
      user.abort(new Error("Ctrl-C"));
      signal.throwIfAborted();
    });
    await expect(run(listed([[candidateOf(0)]]), { signal: user.signal, fitter })).rejects.toThrow("Ctrl-C");
  });

  test("uses time that is too short for any trial as estimated for the cheapest ones", async () => {
    let asked = 0;
    const proposer: Proposer = {
      next: () => [candidateOf(asked++), candidateOf(asked++)],
      goesOn: () => true,
    };
    const ventured: number[] = [];
    const trials = await run(proposer, {
      budget: {
        ...countedBudget(),
        admits: ({ number }) => number < 2,
        ventures: ({ number }) => ventured.push(number) === 1,
      },
    });
    expect(trials).toHaveLength(3);
    expect(trials.at(-1)!.candidate.number).toBe(ventured[0]);
  });

  test("runs the cheapest of what was refused where no trial fits the time, so that there is a model", async () => {
    const generation = [candidateOf(0, { seconds: 9 }), candidateOf(1, { seconds: 5 })];
    const trials = await run(listed([generation]), {
      budget: { ...countedBudget(), admits: () => false, ventures: () => false },
    });
    expect(trials.map(({ candidate }) => candidate.number)).toEqual([1]);
  });

  test("fits folds again for the number of iterations on which they agree", async () => {
    const trainer = {
      ...FAKE,
      settle: (_: unknown, iterations: number) => ({ quality: iterations / 10 }),
    } as typeof FAKE;
    const answers = fakeFitter(material);
    const losses = [
      [3, 2, 1],
      [3, 1],
      [3, 1.5, 2],
    ];
    const fitter: Fitter = {
      ...answers,
      async fit(task, signal) {
        const fitted = await answers.fit(task, signal);
        if (task.config.quality !== 0.5) return fitted;
        const curves = { validationLoss: losses[task.fold as number]! };
        return { ...fitted, outcome: { ...fitted.outcome, diagnostics: { curves } } };
      },
    };
    const [trial] = await run(listed([[candidateOf(0, { trainer })]]), { fitter });
    // Sums after one, two and three iterations: 9, 4.5 and 4, for the second fold goes on with its last value.
    expect(trial).toMatchObject({ candidate: { config: { quality: 0.5 } }, seconds: 1.5 });
    if (!trial || !isFinished(trial)) throw new Error("The trial is not finished.");
    expect(trial.fits.map(({ hash }) => hash)).toEqual(["0.3/0", "0.3/1", "0.3/2"]);
    expect(trial.fits[1]!.diagnostics.curves).toEqual({ validationLoss: [3, 1] });
  });

  test("ends when nothing that is proposed fits into what is left", async () => {
    let asked = 0;
    const proposer: Proposer = { next: () => [candidateOf(asked++)], goesOn: () => true };
    const trials = await run(proposer, {
      budget: { ...countedBudget(), admits: ({ number }) => number < 3 },
    });
    expect(trials).toHaveLength(3);
    expect(asked).toBeLessThan(100);
  });
});
