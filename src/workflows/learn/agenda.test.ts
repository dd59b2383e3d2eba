import { describe, expect, test } from "vitest";
import { TRAINERS } from "../../catalogue.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { resolveProject } from "../project/project-file.js";
import { durationSeconds, planAgenda } from "./agenda.js";
import type { Situation } from "./candidates.js";

const situation: Situation = {
  task: "binary",
  rows: 500,
  folds: 5,
  kinds: new Set(["number"]),
  hasTable: true,
  specificationOf: () => ({ rows: 500, features: 6, task: "binary", classes: 2, threads: 1 }),
};
const plan = (
  project: ProjectInput,
  options: { rounds?: number; trainers?: readonly Trainer[]; situation?: Partial<Situation> } = {},
) =>
  planAgenda(
    resolveProject(project),
    options.trainers ?? TRAINERS,
    { ...situation, ...options.situation },
    options.rounds ?? 1,
  );
const messageOf = (work: () => unknown): string => {
  try {
    work();
    return "";
  } catch (failure) {
    return (failure as Error).message;
  }
};

/** The trainer with an estimate of its own. */
const costing = (id: string, seconds: number, bytes = 1000): Trainer[] =>
  TRAINERS.map((trainer) =>
    trainer.id === id ? { ...trainer, estimate: () => ({ seconds, bytes }) } : trainer,
  );

describe("the list of configurations", () => {
  test("is what the project lists, in its order, whatever it takes", () => {
    const { candidates, leftOut } = plan(
      { models: ["random-forest", { trainer: "gbdt", iterations: 7 }, "gbdt"] },
      { trainers: costing("random-forest", 1e6) },
    );
    expect(candidates.map(({ number, origin, trainer }) => [number, origin, trainer.id])).toEqual([
      [0, "listed", "random-forest"],
      [1, "listed", "gbdt"],
      [2, "listed", "gbdt"],
    ]);
    expect(candidates[1]!.config.iterations).toBe(7);
    expect(leftOut).toEqual([]);
  });

  test("is otherwise the portfolio, whose dear entries are left out with the reason", () => {
    const { candidates, leftOut } = plan({}, { trainers: costing("kernel-ridge", 100) });
    const ids = candidates.map(({ trainer }) => trainer.id);
    expect(new Set(ids).size).toBeGreaterThan(3);
    expect(ids).not.toContain("kernel-ridge");
    expect(leftOut).toContainEqual({
      trainer: "kernel-ridge",
      reason: expect.stringMatching(/s of work.*left for it/),
    });
    expect(candidates.map(({ number }) => number)).toEqual(candidates.map((_, i) => i));
  });

  test("leaves out what needs too much memory", () => {
    const { leftOut } = plan({}, { trainers: costing("kernel-ridge", 0.01, 2 ** 31) });
    expect(leftOut).toContainEqual({
      trainer: "kernel-ridge",
      reason: expect.stringMatching(/2048 MiB/),
    });
  });

  test("is never empty: the first is kept whatever it takes", () => {
    const dear = TRAINERS.map((trainer) => ({ ...trainer, estimate: () => ({ seconds: 1e6, bytes: 1 }) }));
    expect(plan({}, { trainers: dear }).candidates).toHaveLength(1);
  });

  test("begins with a cheaper one where the strongest takes longer than the time", () => {
    const timed = plan({ tuning: { time: "30s" } }, { trainers: costing("gbdt", 100) });
    expect(timed.candidates[0]!.trainer.id).not.toBe("gbdt");
    expect(timed.leftOut[0]).toMatchObject({ trainer: "gbdt" });
    const costs = new Map([["logistic-regression", 40]]);
    const dear = TRAINERS.map((trainer) => ({
      ...trainer,
      estimate: () => ({ seconds: costs.get(trainer.id) ?? 1e6, bytes: 1 }),
    }));
    const [only, ...others] = plan({ tuning: { time: "30s" } }, { trainers: dear }).candidates;
    expect([only!.trainer.id, others.length]).toEqual(["logistic-regression", 0]);
  });

  test("is cut to the number of trials", () => {
    expect(plan({ tuning: { trials: 2 } }).candidates).toHaveLength(2);
    expect(plan({ tuning: { trials: 2 } }).trials).toBe(2);
  });

  test("grows with the time, and shrinks with the number of rounds", () => {
    const trainers = TRAINERS.map((trainer) => ({
      ...trainer,
      capabilities: { ...trainer.capabilities, bagging: "keep" as const },
      // No second fits of folds that agree.
      settle: () => undefined,
      estimate: () => ({ seconds: 1, bytes: 1 }),
    }));
    const count = (time: string, rounds = 1): number =>
      plan({ tuning: { time } }, { trainers, rounds }).candidates.length;
    expect(count("30s")).toBe(6);
    expect(count("30s", 2)).toBe(3);
    expect(count("10m")).toBeGreaterThan(count("30s"));
  });

  test("an unknown trainer or setting is refused with the nearest one", () => {
    expect(messageOf(() => plan({ models: ["gbtd"] }))).toMatch(/did you mean gbdt/);
    expect(messageOf(() => plan({ models: [{ trainer: "gbdt", leafs: 3 }] }))).toMatch(/did you mean leaves/);
    expect(messageOf(() => plan({ models: ["ridge"] }))).toMatch(/ridge cannot do binary/);
  });
});

test("where the time may end before the list one of each family comes first, the dear last", () => {
  const same = TRAINERS.map((trainer) => ({
    ...trainer,
    estimate: () => ({ seconds: trainer.id === "neural-network" ? 2 : 0.01, bytes: 1 }),
  }));
  const ids = (project: ProjectInput) =>
    plan(project, { trainers: same }).candidates.map(({ trainer }) => trainer.id);
  const [counted, timed] = [ids({}), ids({ tuning: { time: "120s" } })];
  expect(timed[0]).toBe(counted[0]);
  const families = new Set(timed).size;
  expect(new Set(timed.slice(0, families)).size).toBe(families);
  expect(timed.indexOf("neural-network")).toBe(families - 1);
  expect(timed.toSorted()).toEqual(counted.toSorted());
});

test("durations are read in seconds", () => {
  expect(["90s", "10m", "1.5h", undefined].map(durationSeconds)).toEqual([90, 600, 5400, undefined]);
});
