/** What is repeated is the same: from the cache, in another store, with another number of threads. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleBytes } from "../fixtures/bundle-bytes.js";
import { FEW_TREES, penguins, writeLines } from "./data.js";
import { type Outcome, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
const path = (name: string): string => join(folder, name);
const train = (...args: string[]): Promise<Outcome> =>
  quern(["train", "penguins.csv", "--target", "species", ...args, "--json"], { cwd: folder });

let first: Outcome;
beforeAll(async () => {
  writeLines(path("penguins.csv"), penguins());
  writeFileSync(path("quern.yaml"), `models: [${FEW_TREES}]\n`);
  writeFileSync(path("more.yaml"), `models: [${FEW_TREES}, logistic-regression]\n`);
  first = await train("--threads", "1");
  expect(first.code, first.stderr).toBe(0);
});
afterAll(remove);

describe("a training that is repeated", () => {
  test("is answered from the store when nothing changed", async () => {
    const again = await train("--threads", "2");
    const [before, now] = [first.json(), again.json()];
    expect(before.cached.hits).toBe(0);
    expect(now.cached.steps).toBeGreaterThan(0);
    expect(now.cached.hits).toBe(now.cached.steps);
    for (const key of ["model", "version", "metrics", "leaderboard", "bundle", "report"])
      expect(now[key]).toEqual(before[key]);
  });

  test("gives the same bytes in another store with another number of threads", async () => {
    const other = await train("--threads", "2", "--store", "other");
    expect(other.json().cached.hits).toBe(0);
    expect(bundleBytes(other.json().bundle)).toEqual(bundleBytes(first.json().bundle));
    expect(other.json().metrics).toEqual(first.json().metrics);
  });

  test("reuses the steps that a changed setting leaves alone", async () => {
    const more = await train("--project", "more.yaml");
    const { cached, version } = more.json();
    expect(version).toBe(2);
    expect(cached.hits).toBeGreaterThan(0);
    expect(cached.hits).toBeLessThan(cached.steps);
  });

  test("differs with another seed", async () => {
    const other = await train("--seed", "1", "--store", "seeded");
    expect(other.code, other.stderr).toBe(0);
    expect(bundleBytes(other.json().bundle)["model.onnx"]).not.toBe(
      bundleBytes(first.json().bundle)["model.onnx"],
    );
  });
});

describe("where the store is", () => {
  test("--store wins over QUERN_HOME, which wins over .quern", async () => {
    const home = { cwd: folder, env: { QUERN_HOME: path("home") } };
    expect((await quern(["models", "--json"], home)).code).not.toBe(0);
    expect(existsSync(path("home"))).toBe(false);
    const there = await quern(["models", "--json", "--store", ".quern"], home);
    expect(there.json().models.length).toBeGreaterThan(0);
    const elsewhere = { cwd: folder, env: { QUERN_HOME: path("seeded") } };
    expect((await quern(["models", "--json"], elsewhere)).json().models).toHaveLength(1);
  });
});
