import { describe, expect, test } from "vitest";
import { AUC, candidateOf, FAKE } from "../../../test/fixtures/fake-search.js";
import { PRUNERS, SAMPLERS, TRAINERS } from "../../catalogue.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import { resolveProject } from "../project/project-file.js";
import type { Agenda } from "./agenda.js";
import type { Candidate, Situation } from "./candidates.js";
import { checkTuning, createProposer } from "./proposer.js";
import type { TrialResult } from "./trial.js";

const situation: Situation = {
  task: "binary",
  rows: 500,
  folds: 3,
  kinds: new Set(["number"]),
  hasTable: true,
  specificationOf: () => ({ rows: 500, features: 6, task: "binary", classes: 2, threads: 1 }),
};
const none = { kind: "probabilities" as const, values: new Float64Array(0), classes: 2 };
const done = (candidate: Candidate, value: number): TrialResult => ({
  state: "done",
  candidate,
  value,
  foldValues: [value, value, value],
  heldOut: none,
  fits: [],
  seconds: 1,
});

function propose(agenda: Agenda, tuning: ProjectInput["tuning"] = {}, seed = 0) {
  const project = resolveProject({ tuning, seed });
  return createProposer(agenda, { project, metric: AUC, situation, folds: 3, extensions });
}

/** All that is proposed until the end, each trial with the value it gets. */
function everything(
  agenda: Agenda,
  options: { tuning?: ProjectInput["tuning"]; seed?: number; most?: number } = {},
  value: (candidate: Candidate) => TrialResult = (candidate) =>
    done(candidate, 0.5 + ((candidate.number * 7) % 10) / 30),
): Candidate[] {
  const proposer = propose(agenda, options.tuning, options.seed);
  const history: TrialResult[] = [];
  while (history.length < (options.most ?? 60)) {
    const generation = proposer.next(history, () => true);
    if (generation.length === 0) break;
    history.push(...generation.map(value));
  }
  return history.map(({ candidate }) => candidate);
}

const extensions = { samplers: SAMPLERS, pruners: PRUNERS };
const gbdt = TRAINERS.find(({ id }) => id === "gbdt")!;
const forest = TRAINERS.find(({ id }) => id === "random-forest")!;
const listed = (...trainers: (typeof gbdt)[]): Candidate[] =>
  trainers.map((trainer, number) => ({
    ...candidateOf(number, { trainer }),
    config: trainer.config.parse({}),
  }));
const agenda = (trials?: number): Agenda => ({
  candidates: listed(gbdt, forest, gbdt, forest, gbdt),
  leftOut: [],
  ...(trials === undefined ? {} : { trials }),
});

describe("what is proposed", () => {
  test("is the list alone where no search was asked for", () => {
    expect(everything(agenda())).toEqual(agenda().candidates);
  });

  test("is the list first, in generations of constant size, then the search, to the number of trials", () => {
    const all = everything(agenda(14));
    expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 14 }, (_, i) => i));
    expect(all.slice(0, 5)).toEqual(agenda().candidates);
    expect(new Set(all.slice(5).map(({ origin }) => origin))).toEqual(new Set(["search"]));
    for (const { trainer, config } of all) expect(trainer.config.parse(config)).toEqual(config);
  });

  test.each(["tpe", "random", "sobol"])("%s: is the same for a seed, and another for another", (sampler) => {
    const of = (seed: number) =>
      everything(agenda(13), { tuning: { sampler }, seed }).map(({ trainer, config }) => [
        trainer.id,
        config,
      ]);
    expect(of(0)).toEqual(of(0));
    expect(of(1)).not.toEqual(of(0));
  });

  test("goes on past failed and pruned trials", () => {
    const all = everything(agenda(25), {}, (candidate) => {
      if (candidate.number % 3 === 0) return { state: "failed", candidate, error: "no", seconds: 1 };
      if (candidate.number % 3 === 1) return { state: "pruned", candidate, foldValues: [0.5], seconds: 1 };
      return done(candidate, Number.NaN);
    });
    expect(all).toHaveLength(25);
  });

  test("ends after as many searched trials without a better one as the project has patience for", () => {
    const all = everything(agenda(50), { tuning: { patience: 6 } }, (candidate) => done(candidate, 0.5));
    // The list, then whole generations until six searched trials brought nothing.
    expect(all).toHaveLength(5 + 8);
  });

  test("has no end where the time decides", () => {
    expect(everything({ ...agenda(), seconds: 60 }, { most: 40 }).length).toBeGreaterThanOrEqual(40);
  });

  test("is the list alone where its trainers have nothing to tune", () => {
    const fixed = { ...FAKE, config: FAKE.config.pick({}) };
    const only: Agenda = { candidates: [candidateOf(0, { trainer: fixed })], leftOut: [], trials: 5 };
    expect(everything(only)).toEqual(only.candidates);
  });
});

test("a poor start is given up against what earlier trials had, unless the pruner is none", () => {
  const history = Array.from({ length: 12 }, (_, number) => done(candidateOf(number), 0.9 + number / 1000));
  for (const id of ["none", "median", "successive-halving"]) {
    const proposer = propose(agenda(30), { pruner: id });
    const poor = candidateOf(20, { origin: "search" });
    expect([id, proposer.goesOn(poor, [0.2], history)]).toEqual([id, id === "none"]);
    expect([id, proposer.goesOn(poor, [0.95], history)]).toEqual([id, true]);
  }
});

test("unknown samplers and pruners are refused with the nearest one", () => {
  const check = (tuning: ProjectInput["tuning"]) => () => checkTuning(resolveProject({ tuning }), extensions);
  expect(check({ sampler: "tpee" })).toThrow(/did you mean tpe\?/);
  expect(check({ pruner: "mediann" })).toThrow(/did you mean median\?/);
  expect(check({})).not.toThrow();
});
