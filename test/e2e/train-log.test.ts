/** `quern train --log`: the course of a training, written for TensorBoard and MLflow. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readProjectFile } from "../../src/workflows/project/project-file.js";
import { train } from "../../src/workflows/train/train.js";
import { readEvents } from "../fixtures/event-records.js";
import { type MlflowServer, startMlflowServer } from "../fixtures/mlflow-server.js";
import { FEW_TREES, penguins, writeLines } from "./data.js";
import { type Outcome, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
const SETTINGS = `name: penguins
task: { target: species, goals: { accuracy: ">= 0.5" } }
data: { source: penguins.csv }
split: { kind: stratified, train: 0.6, validation: 0.2, test: 0.2 }
models: [${FEW_TREES}, logistic-regression]
ensemble: { folds: 2 }
evaluation: { resamples: 20, learningCurve: false }
`;
const trainVerb = (...args: string[]): Promise<Outcome> =>
  quern(["train", "--threads", "1", "--json", ...args], { cwd: folder });

let mlflow: MlflowServer;
let logged: Outcome;
beforeAll(async () => {
  writeLines(join(folder, "penguins.csv"), penguins());
  writeFileSync(join(folder, "quern.yaml"), SETTINGS);
  mlflow = await startMlflowServer();
  logged = await trainVerb("--log", "tensorboard=events", "--log", `mlflow=http://127.0.0.1:${mlflow.port}`);
  expect(logged.code, logged.stderr).toBe(0);
});
afterAll(() => {
  mlflow.close();
  remove();
});

function eventsOf(name: string) {
  const own = join(folder, "events", name);
  return readEvents(join(own, readdirSync(own)[0]!));
}

describe("train --log", () => {
  test("writes settings, trials, curves, figures and goals to an event file of the run", () => {
    const { run, leaderboard, metric, metrics } = logged.json();
    expect(readdirSync(join(folder, "events"))).toEqual([`penguins-${run}`]);
    const events = eventsOf(`penguins-${run}`);
    expect(events[0]!.version).toBe("brain.Event:2");
    const points = (tag: string) =>
      events.filter(({ scalars }) => tag in scalars).map(({ step, scalars }) => [step, scalars[tag]!]);
    for (const { trial, trainer, value } of leaderboard) {
      for (const tag of [`trials/${metric.name}`, `trainers/${trainer}/${metric.name}`]) {
        const own = points(tag).filter(([step]) => step === trial);
        expect(own).toEqual([[trial, expect.closeTo(value, 5)]]);
      }
    }
    const boosted = leaderboard.find(({ trainer }: { trainer: string }) => trainer === "gbdt");
    const losses = points(`curves/gbdt-${boosted.trial}/validationLoss`);
    if (boosted.weight > 0) expect(losses.map(([step]) => step)).toEqual([...losses.keys()]);
    expect(losses.length > 1).toBe(boosted.weight > 0);
    expect(points("trials/seconds")).toHaveLength(leaderboard.length);
    for (const [name, value] of Object.entries(metrics))
      expect(points(`test/${name}`)).toEqual([[0, expect.closeTo(value as number, 4)]]);
    expect(points(`test/${metric.name}.low`)).toEqual([[0, expect.closeTo(metric.low, 5)]]);
    expect(points(`test/${metric.name}.high`)).toEqual([[0, expect.closeTo(metric.high, 5)]]);
    expect(points("goals/accuracy.met")).toEqual([[0, 1]]);
    const [first, last] = events.flatMap(({ texts }) => texts.settings ?? []);
    for (const line of ["| target | species |", "| seed | 0 |", "| models | gbdt, logistic-regression |"])
      expect(first).toContain(line);
    const chosen = leaderboard.find(({ weight }: { weight: number }) => weight > 0);
    expect(last).toContain(`| ${chosen.trainer}-${chosen.trial}.weight | ${chosen.weight} |`);
  });

  test("tells an MLflow server the same, in order", () => {
    const { run, leaderboard, metric } = logged.json();
    const paths = mlflow.requests.map(([path]) => path);
    expect(paths.slice(0, 3)).toEqual(["experiments/get-by-name", "experiments/create", "runs/create"]);
    expect(new Set(paths.slice(3, -1))).toEqual(new Set(["runs/log-batch"]));
    expect(mlflow.requests[1]![1]).toEqual({ name: "penguins" });
    expect(mlflow.requests[2]![1]).toMatchObject({ run_name: run });
    expect(mlflow.requests[3]![1]!.params).toContainEqual({ key: "split", value: "stratified" });
    expect(mlflow.requests.at(-1)).toMatchObject(["runs/update", { status: "FINISHED" }]);
    const sent = mlflow.requests.flatMap(([, body]) => body?.metrics ?? []);
    for (const { trial, value } of leaderboard)
      expect(sent).toContainEqual(
        expect.objectContaining({ key: `trials/${metric.name}`, step: trial, value }),
      );
    const keys = [...new Set(sent.map(({ key }) => key as string))];
    // A file store keeps a file for each name: none may be the folder of another.
    expect(keys.filter((key) => keys.some((other) => other.startsWith(`${key}/`)))).toEqual([]);
  });

  test("writes the result of a training that the store answers", async () => {
    const again = await trainVerb("--log", "tensorboard=events");
    expect(again.code, again.stderr).toBe(0);
    expect(again.json().bundle).toBe(logged.json().bundle);
    const { run, metric, cached } = again.json();
    expect(cached.hits).toBe(cached.steps);
    const events = eventsOf(`penguins-${run}`);
    expect(events.some(({ scalars }) => `test/${metric.name}.high` in scalars)).toBe(true);
    expect(events.filter(({ scalars }) => "trials/seconds" in scalars)).toHaveLength(
      logged.json().leaderboard.length,
    );
  });

  test("a tracker that fails is warned of once and ends nothing", async () => {
    const broken = await startMlflowServer((path) => [path === "runs/log-batch" ? 500 : 200, ANY_RUN]);
    const outcome = await trainVerb("--log", `mlflow=http://127.0.0.1:${broken.port}/`, "--quiet");
    broken.close();
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(outcome.stderr.match(/warning: .*is not written to mlflow=/g)).toHaveLength(1);
    expect(broken.requests.map(([path]) => path)).toEqual([
      "experiments/get-by-name",
      "runs/create",
      "runs/log-batch",
      "runs/update",
    ]);
  });

  test("a training that is stopped is told as stopped", async () => {
    const server = await startMlflowServer();
    const stop = new AbortController();
    const { input } = readProjectFile(join(folder, "quern.yaml"));
    const training = train(
      { project: { ...input, seed: 1 }, log: [`mlflow=http://127.0.0.1:${server.port}`] },
      {
        ...{ folder, store: join(folder, "stopped"), threads: 1, signal: stop.signal },
        onEvent: ({ stage }) => void (stage === "profile" && stop.abort()),
      },
    );
    await expect(training).rejects.toMatchObject({ code: "INTERRUPTED" });
    server.close();
    expect(server.requests.map(([path]) => path)).toContain("runs/create");
    expect(server.requests.at(-1)).toMatchObject(["runs/update", { status: "KILLED" }]);
  });

  test.each([
    ["foo=bar", /neither/],
    ["tensorboard=", /neither/],
    ["tensorboard=penguins.csv/events", /penguins\.csv is a file/],
    ["mlflow=localhost:5000", /needs an address/],
    ["mlflow=http://me:secret@localhost", /without user/],
  ])("refuses %s before anything trains", async (log, reason) => {
    const outcome = await trainVerb("--store", "refused", "--log", log);
    expect(outcome.code).toBe(2);
    expect(outcome.json().error).toMatchObject({ code: "USAGE", message: expect.stringMatching(reason) });
    expect(outcome.stdout).not.toContain("secret");
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });
});

const ANY_RUN = { experiment: { experiment_id: "1" }, run: { info: { run_id: "r" } } };
