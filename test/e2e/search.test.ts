/** A search with an ensemble: the same bytes for one thread here and for several processes, and what it says. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleBytes } from "../fixtures/bundle-bytes.js";
import { FEW_TREES, penguins, writeLines } from "./data.js";
import { type Outcome, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
const SETTINGS = `name: penguins
task: { target: species }
data: { source: penguins.csv }
split: { kind: stratified, train: 0.8, validation: 0.1, test: 0.1 }
models: [${FEW_TREES}, logistic-regression, { trainer: extra-trees, trees: 60 }, nearest-neighbours]
ensemble: { folds: 3 }
tuning: { trials: 16 }
evaluation: { resamples: 0, learningCurve: false }
`;
const run = (...args: string[]): Promise<Outcome> => quern([...args, "--json"], { cwd: folder });

let inline: Outcome;
beforeAll(async () => {
  writeLines(join(folder, "penguins.csv"), penguins());
  writeFileSync(join(folder, "quern.yaml"), SETTINGS);
  inline = await run("train", "--threads", "1");
  expect(inline.code, inline.stderr).toBe(0);
});
afterAll(remove);

describe("train --trials 16", () => {
  test("lists every trial, the list first, then what was searched, with their weights", () => {
    const { leaderboard, ensemble, seconds } = inline.json();
    expect(
      leaderboard.map(({ trial }: { trial: number }) => trial).sort((a: number, b: number) => a - b),
    ).toEqual(Array.from({ length: 16 }, (_, number) => number));
    const weights = leaderboard.map(({ weight }: { weight: number }) => weight);
    expect(weights.reduce((sum: number, weight: number) => sum + weight, 0)).toBeCloseTo(1, 9);
    expect(ensemble.members).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeGreaterThan(0);
  });

  test("gives the same bytes with two threads, in processes of their own", async () => {
    const processes = await run("train", "--threads", "2", "--store", "processes");
    expect(processes.code, processes.stderr).toBe(0);
    expect(processes.json().cached.hits).toBe(0);
    expect(bundleBytes(processes.json().bundle)).toEqual(bundleBytes(inline.json().bundle));
    expect(processes.json().metrics).toEqual(inline.json().metrics);
    const timeless = (outcome: Outcome) =>
      outcome.json().leaderboard.map(({ seconds, ...row }: Record<string, unknown>) => row);
    expect(timeless(processes)).toEqual(timeless(inline));
  });

  test("more trials reuse those that were done", async () => {
    const more = await run("train", "--trials", "18");
    expect(more.code, more.stderr).toBe(0);
    const { cached, leaderboard } = more.json();
    expect(leaderboard).toHaveLength(18);
    // The list does not change, and a search of the same seed begins alike.
    expect(cached.hits).toBeGreaterThanOrEqual(12);
  });
});

describe("a plan", () => {
  test("says what would be tried, what each costs, and stores nothing", async () => {
    const outcome = await run("plan", "--store", "planned");
    expect(outcome.code, outcome.stderr).toBe(0);
    const plan = outcome.json();
    expect(plan.trials.map(({ trainer }: { trainer: string }) => trainer)).toEqual([
      "gbdt",
      "logistic-regression",
      "extra-trees",
      "nearest-neighbours",
    ]);
    for (const { seconds, megabytes, config } of plan.trials) {
      expect(seconds).toBeGreaterThan(0);
      expect(megabytes).toBeGreaterThan(0);
      expect(Object.keys(config).length).toBeGreaterThan(0);
    }
    expect(plan.seconds).toBeGreaterThan(0);
    expect(plan.split.folds).toBe(3);
    expect(plan.searched).toBe(12);
    expect(existsSync(join(folder, "planned"))).toBe(false);
  });

  test("names what is left out of the automatic list, and why", async () => {
    writeFileSync(
      join(folder, "auto.yaml"),
      SETTINGS.replace(/^models:.*\n/m, "").replace("trials: 16", "time: 1s"),
    );
    const outcome = await run("plan", "--project", "auto.yaml");
    expect(outcome.code, outcome.stderr).toBe(0);
    const { trials, leftOut } = outcome.json();
    expect(trials.length).toBeGreaterThan(0);
    expect(leftOut.length).toBeGreaterThan(0);
    for (const { trainer, reason } of leftOut) {
      expect(trainer).toMatch(/^[a-z-]+$/);
      expect(reason).toMatch(/s of work|MiB of memory/);
    }
  });
});
