import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { METRICS } from "../../capabilities/evaluation/metrics/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { projectSchema } from "../../foundation/contracts/project.js";
import type { Model } from "../../foundation/contracts/store.js";
import { chosenBy, metricLineage, modelMetrics, projectMetric, reportedWith } from "./metrics.js";

const folder = mkdtempSync(join(tmpdir(), "quern-metrics-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ZOD = new URL("../../../node_modules/zod/index.js", import.meta.url).href;
const write = (name: string, id: string): void =>
  writeFileSync(
    join(folder, name),
    `import { z } from ${JSON.stringify(ZOD)};
     export const metrics = [{ id: ${JSON.stringify(id)}, version: 1, title: "Own", summary: "For a test.",
       config: z.strictObject({}), tasks: ["regression"], direction: "minimize", compute: () => 7 }];`,
  );
write("own.mjs", "own-error");
write("renamed.mjs", "other-error");
writeFileSync(join(folder, "broken.mjs"), "throw new Error('on purpose');");

const warnings: string[] = [];
const around = { folder, logger: { log: (_: string, message: string) => void warnings.push(message) } };
const record = (metric: string | null, extensions: readonly string[], measured: readonly string[] = []) =>
  ({
    ...{ name: "houses", version: 2, metric },
    document: {
      project: { extensions },
      evaluation: { metrics: Object.fromEntries(measured.map((id) => [id, {}])) },
    },
  }) as unknown as Model;
const bundle = (lineage: Record<string, string>) =>
  ({ name: "houses", version: 2, lineage }) as unknown as Manifest;
const ask = (model: Parameters<typeof chosenBy>[0], given: readonly string[] = []) =>
  modelMetrics(chosenBy(model), "regression", given, around);
const asked = (metric: string | null, extensions: readonly string[], given: readonly string[] = []) =>
  ask({ record: record(metric, extensions), manifest: bundle({}) }, given);
const failureOf = async (work: Promise<unknown>): Promise<QuernError> => {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!QuernError.is(failure)) throw new Error("It did not fail as it should.");
  return failure;
};

describe("the metric that chose a model", () => {
  test("comes from the modules of its training, and stands in reports beside the usual ones", async () => {
    const { decisive, reported } = await asked("own-error", ["own.mjs"]);
    expect(decisive.id).toBe("own-error");
    expect(reported.map(({ id }) => id)).toEqual(
      [...reportedWith("regression", []), decisive].map(({ id }) => id),
    );
  });

  test("comes from the modules that are given where those of its training are elsewhere", async () => {
    expect((await asked("own-error", ["gone.mjs"], [join(folder, "own.mjs")])).decisive.id).toBe("own-error");
  });

  test("is missed with module, place and remedy, and with what is wrong with the module", async () => {
    const gone = await failureOf(asked("own-error", ["gone.mjs"]));
    expect(gone.code).toBe("EXTENSION_MISSING");
    expect(gone.message).toMatch(/^houses@2 .*"own-error".*gone\.mjs.*does not exist/s);
    expect(gone.message).toContain(folder);
    expect(gone.hint).toMatch(/gone\.mjs.*--project/);
    expect((await failureOf(asked("own-error", ["broken.mjs"]))).message).toContain("on purpose");
    const renamed = await failureOf(asked("own-error", ["renamed.mjs"]));
    expect(renamed).toMatchObject({ code: "EXTENSION_MISSING", details: { modules: ["renamed.mjs"] } });
  });

  test("needs no module where it is built in; what was measured beside it is said to be left out", async () => {
    expect((await asked("mae", ["gone.mjs", "broken.mjs"])).decisive.id).toBe("mae");
    expect(warnings).toEqual([]);
    const model = record("mae", ["gone.mjs"], ["mae", "own-error"]);
    expect((await ask({ record: model, manifest: bundle({}) })).reported).toHaveLength(7);
    expect(warnings).toEqual([expect.stringMatching(/own-error.*gone\.mjs/)]);
  });

  test("is the task's default where nothing is known of it", async () => {
    expect((await asked(null, [])).decisive.id).toBe("rmse");
    expect((await asked("score-of-another-program", [])).decisive.id).toBe("rmse");
    expect((await ask({ manifest: bundle({ extensions: "{" }) })).decisive.id).toBe("rmse");
  });

  test("is named by a bundle, whose word never runs a module", async () => {
    const project = projectSchema.parse({ extensions: ["own.mjs"] });
    const lineage = metricLineage("own-error", project);
    expect(metricLineage("rmse", project)).toEqual({ metric: "rmse" });
    const failure = await failureOf(ask({ manifest: bundle(lineage) }));
    expect(failure).toMatchObject({ code: "EXTENSION_MISSING", details: { modules: ["own.mjs"] } });
    expect((await ask({ manifest: bundle(lineage) }, ["own.mjs"])).decisive.id).toBe("own-error");
  });
});

test("a goal's metric is measured though reports do not usually list it", () => {
  const known = [projectMetric({ task: { metric: "mse", goals: {} } }, "regression", METRICS)];
  expect(reportedWith("regression", known, ["mse"]).map(({ id }) => id)).toContain("mse");
  expect(reportedWith("regression", known).map(({ id }) => id)).not.toContain("mse");
});
