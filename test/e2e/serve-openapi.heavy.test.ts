/** Schemathesis makes requests of its own from the description of the interface: no fault, and no answer that is not described. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { bundleFiles, writeBundle } from "../../src/capabilities/bundles/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { createServer, createServingMetrics } from "../../src/entries/http/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import { jobSettingsSchema } from "../../src/foundation/contracts/job.js";
import { openExperiments } from "../../src/workflows/experiment/ask-experiments.js";
import { openPredictionJobs } from "../../src/workflows/jobs/prediction-jobs.js";
import { openModels } from "../../src/workflows/serve/open-pool.js";
import { pythonWith } from "../fixtures/python-environment.js";
import { smallModel } from "../golden/small-model.js";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Everything it can judge but whether random rows are accepted: their columns are the model's affair. */
const CHECKS = [
  ...["not_a_server_error", "status_code_conformance", "content_type_conformance"],
  ...["response_headers_conformance", "response_schema_conformance", "unsupported_method"],
  ...["missing_required_header", "ignored_auth", "negative_data_rejection"],
];
const EXAMPLES = process.env.QUERN_SCHEMATHESIS_EXAMPLES ?? "60";

it("finds no fault and no undescribed answer in any route", { timeout: 900_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-openapi-"));
  const home = join(folder, ".quern");
  const store = await openStore(home, { clock, create: true });
  for (const task of ["binary", "regression"] as const) {
    const { manifest } = await bundleFiles(smallModel(task));
    const version = await store.models.reserveVersion(manifest.name);
    const bundle = join(folder, manifest.name);
    await writeBundle(bundle, { ...smallModel(task), version });
    await store.models.register({ name: manifest.name, version, task, document: {}, folder: bundle });
  }
  const lease = await store.runs.start({ kind: "train", name: "a", config: {}, seed: 0 });
  await lease.finish({});
  await store.close();
  const metrics = createServingMetrics();
  const faults: unknown[] = [];
  const logger = {
    log: (level: string, message: string, facts?: object) =>
      void (level === "error" && faults.push(message, facts)),
  };
  const served = await openModels([], metrics.observer, { store: home, folder, logger });
  const jobs = openPredictionJobs({
    ...{ folder: join(folder, "jobs"), settings: jobSettingsSchema.parse({ queue: 1000 }), store: home },
    ...{ clock, logger, referenceOf: served.referenceOf },
  });
  const token = "schemathesis-token-0123456789";
  const server = createServer(
    { port: 0, tokens: [{ token, permissions: ["predict", "read", "manage"] }] },
    {
      ...{ models: served.pool, traffic: served.traffic, store: served.store!, clock, logger, metrics, jobs },
      experiments: openExperiments(served.store!, home, { folder }),
      refresh: () => served.registry!.refresh(),
    },
  );
  const address = await server.listen();
  const python = pythonWith(join(here, "serve-openapi-requirements.txt"));
  const command = [
    ...["-m", "schemathesis.cli", "run", `${address}/openapi.json`, "--seed", "20261122"],
    ...["--header", `Authorization: Bearer ${token}`, "--checks", CHECKS.join(",")],
    ...["--max-examples", EXAMPLES, "--generation-deterministic"],
    ...["--suppress-health-check", "all", "--continue-on-failure", "--no-color"],
    // Some requests start a process: a busy machine is no fault.
    ...["--phases", "examples,coverage,fuzzing", "--warnings", "off", "--request-timeout", "60"],
  ];
  const outcome = await new Promise<{ code: number; text: string }>((resolve) => {
    const env = { ...process.env, SCHEMATHESIS_HOOKS: "serve-openapi-hooks", PYTHONPATH: here };
    execFile(python, command, { cwd: folder, env, maxBuffer: 2 ** 28 }, (failure, stdout, stderr) =>
      resolve({ code: failure ? Number(failure.code) : 0, text: `${stdout}\n${stderr}` }),
    );
  });
  await server.close();
  await jobs.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
  expect(outcome.code, outcome.text).toBe(0);
  expect(faults).toEqual([]);
});
