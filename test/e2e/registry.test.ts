/** Promotions as they are lived: gates, approvals, going back, and a server that follows. Requirement 19: hot reload. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { createServer, createServingMetrics, type QuernServer } from "../../src/entries/http/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import { type Manifest, sealedContent } from "../../src/foundation/contracts/bundle.js";
import { deploymentSchema } from "../../src/foundation/contracts/deployment.js";
import type { Evaluation } from "../../src/foundation/contracts/evaluation.js";
import { gatesSchema } from "../../src/foundation/contracts/registry.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import { openModels } from "../../src/workflows/serve/open-pool.js";
import { approveIn, promoteIn, rollbackIn } from "../../src/workflows/serve/promote.js";
import { smallModel } from "../golden/small-model.js";
import { MAIN } from "./quern.js";

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quern-registry-"));
  store = await openStore(join(folder, ".quern"), { clock, create: true });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the bundle's sample say what the model does not answer, with every seal intact. */
function misstate(bundle: string): void {
  const path = (name: string) => join(bundle, name);
  const sample = JSON.parse(readFileSync(path("sample.json"), "utf8"));
  for (const { probabilities } of sample.responses)
    for (const label of Object.keys(probabilities)) probabilities[label] = 0.5;
  const text = Buffer.from(JSON.stringify(sample));
  writeFileSync(path("sample.json"), text);
  const manifest: Manifest = JSON.parse(readFileSync(path("manifest.json"), "utf8"));
  const files = { ...manifest.files, "sample.json": { sha256: sha256(text), bytes: text.length } };
  const sealed = { ...manifest, files };
  writeFileSync(
    path("manifest.json"),
    JSON.stringify({ ...sealed, sha256: sha256(Buffer.from(sealedContent(sealed))) }),
  );
}
function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const NAME = "churn";
async function register(auc: number, damage = false): Promise<number> {
  const version = await store.models.reserveVersion(NAME);
  const bundle = join(folder, `bundle-${version}`);
  await writeBundle(bundle, { ...smallModel("binary"), name: NAME, version });
  if (damage) misstate(bundle);
  const evaluation = {
    metrics: { auc: { value: auc } },
    fairness: [{ gaps: [{ criterion: "equal-opportunity", difference: { value: 0.2 } }] }],
  } as unknown as Evaluation;
  await store.models.register({
    name: NAME,
    version,
    task: "binary",
    document: { evaluation },
    folder: bundle,
  });
  return version;
}
const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};
const promoteTo = (version: number, change: object = {}) =>
  promoteIn(store, { model: `${NAME}@${version}`, reason: "better", actor: "ada", ...change });

it("promotes what passes the gates, keeps the evidence, and goes back one by one", async () => {
  for (const auc of [0.7, 0.8, 0.9]) await register(auc);
  for (const version of [1, 2, 3]) await promoteTo(version);
  expect((await store.models.get(NAME)).version).toBe(3);
  expect(await rollbackIn(store, { name: NAME, reason: "slow" })).toMatchObject({ version: 2, from: 3 });
  expect(await rollbackIn(store, { name: NAME, reason: "slow too" })).toMatchObject({ version: 1, from: 2 });
  await expect(rollbackIn(store, { name: NAME, reason: "?" })).rejects.toMatchObject({
    code: "MODEL_NOT_FOUND",
  });
  await promoteTo(3);
  expect((await rollbackIn(store, { name: NAME, reason: "again" })).version).toBe(1);
  const history = await store.models.aliasHistory(NAME);
  expect(history.map(({ to }) => to)).toEqual([1, 2, 3, 2, 1, 3, 1]);
  expect(history[0]!.evidence).toMatchObject({ kind: "promotion", actor: "ada", forced: false });
  expect(history[0]!.evidence!.gates.map(({ gate, met }) => [gate, met])).toEqual([
    ["parity", true],
    ["card", true],
  ]);
});

it("refuses what misses a gate, and says every one of them", async () => {
  const version = await register(0.7);
  const gates = gatesSchema.parse({
    goals: { auc: ">= 0.8", latencyP99Ms: "<= 1000", f9: "> 0" },
    fairness: { "equal-opportunity": "<= 0.1" },
    approvals: 2,
  });
  const refusal = promoteTo(version, { gates });
  await expect(refusal).rejects.toMatchObject({ code: "GOAL_NOT_MET" });
  const { details } = await refusal.catch((failure) => failure);
  expect(details.gates.map(({ gate, subject, met }: never) => [gate, subject, met])).toEqual([
    ["goal", "auc", false],
    ["goal", "latencyP99Ms", true],
    ["goal", "f9", false],
    ["parity", "", true],
    ["card", "", true],
    ["fairness", "equal-opportunity", false],
    ["approvals", "", false],
  ]);
  await expect(store.models.get(`${NAME}@champion`)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  // The gates are kept for the alias; another alias has its own.
  await expect(promoteTo(version)).rejects.toMatchObject({ code: "GOAL_NOT_MET" });
  expect((await promoteTo(version, { alias: "challenger" })).forced).toBe(false);
  expect((await promoteTo(version, { force: true, reason: "we know" })).forced).toBe(true);
});

it("counts each approver once", async () => {
  const version = await register(0.9);
  const gates = gatesSchema.parse({ approvals: 2 });
  const approve = (approver: string) => approveIn(store, { model: `${NAME}@${version}`, approver });
  await approve("ada");
  expect(await approve("ada")).toHaveLength(1);
  await expect(promoteTo(version, { gates })).rejects.toMatchObject({ code: "GOAL_NOT_MET" });
  await approve("bo");
  await promoteTo(version);
});

it("requirement 20: traffic is spread, shadowed, and a canary ends as the champion", async () => {
  for (const auc of [0.7, 0.8]) await register(auc);
  await promoteTo(1);
  const served = await openModels([NAME], {}, { store: join(folder, ".quern") });
  const metrics = createServingMetrics();
  const server = createServer(
    { port: 0 },
    {
      ...{ models: served.pool, traffic: served.traffic, clock, logger: silentLogger, store, metrics },
      refresh: () => served.registry!.refresh(),
    },
  );
  const base = await server.listen();
  const post = async (path: string, body: unknown, headers = {}) => {
    const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
    return (await fetch(base + path, { ...init, body: JSON.stringify(body) })).json();
  };
  const versions = async (count: number) => {
    const subjects = Array.from({ length: count }, (_, k) => `subject ${k}`);
    const answers = await Promise.all(
      subjects.map((id) => post(`/predict/${NAME}`, GOOD, { "quern-subject": id })),
    );
    return answers.map(({ version }) => version as number);
  };
  const variants = [
    { model: `${NAME}@champion`, weight: 1 },
    { model: `${NAME}@2`, weight: 1 },
  ];
  try {
    await post(`/api/registry/${NAME}/deploy`, {
      deployment: { variants, shadows: [`${NAME}@2`] },
      reason: "half",
    });
    const first = await versions(60);
    expect(new Set(first)).toEqual(new Set([1, 2]));
    expect(await versions(60)).toEqual(first);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(
      /quern_shadow_rows_total\{.*agrees="yes"\} [1-9]/,
    );
    const canary = { steps: [50, 100], stepSeconds: 0.1, minimumRequests: 5, maximumLatencyRatio: 1000 };
    await post(`/api/registry/${NAME}/deploy`, { deployment: { variants, canary }, reason: "canary" });
    for (let round = 0; round < 3; round++) {
      await versions(40);
      await new Promise((resolve) => setTimeout(resolve, 110));
      await served.registry!.refresh();
    }
    expect((await store.models.get(`${NAME}@champion`)).version).toBe(2);
    expect((await store.registry.deployment(NAME))!.deployment).toBeNull();
    expect(new Set(await versions(20))).toEqual(new Set([2]));
  } finally {
    await server.close();
    await served.close();
  }
});

it("requirement 20: a canary is judged by what it did in all processes that serve it", async () => {
  for (const auc of [0.7, 0.8]) await register(auc);
  await promoteTo(1);
  const variants = [
    { model: `${NAME}@champion`, weight: 50 },
    { model: `${NAME}@2`, weight: 50 },
  ];
  // Of 80 requests each of two processes gives the candidate about 20.
  const canary = { steps: [50, 100], stepSeconds: 0.1, minimumRequests: 30, maximumLatencyRatio: 1000 };
  const server = spawn(process.execPath, [MAIN, "serve", NAME, "--workers", "2", "--port", "0"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  try {
    let said = "";
    const isReady = () => said.includes("2 processes serve");
    server.stderr.on("data", (chunk) => {
      said += chunk;
    });
    await vi.waitFor(() => expect(isReady(), said).toBe(true), { timeout: 40_000 });
    const address = /http:\/\/[\d.:]+/.exec(said)![0];
    const post = async (path: string, body: unknown, headers = {}) => {
      const type = { "content-type": "application/json", connection: "close" };
      const init = { method: "POST", headers: { ...type, ...headers }, body: JSON.stringify(body) };
      return (await fetch(address + path, init)).status;
    };
    await store.registry.deploy(NAME, deploymentSchema.parse({ variants, canary }), "canary");
    await deploymentOf(50);
    // Both processes have seen it by then.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (let k = 0; k < 80; k++)
      expect(await post(`/predict/${NAME}`, GOOD, { "quern-subject": `subject ${k}` })).toBe(200);
    await deploymentOf(100);
  } finally {
    server.kill("SIGTERM");
    await ended;
  }

  /** Waits until the candidate has so much of the traffic. */
  async function deploymentOf(percent: number): Promise<void> {
    const weight = async () => (await store.registry.deployment(NAME))?.deployment?.variants[1]?.weight;
    await vi.waitFor(async () => expect(await weight()).toBe(percent), { timeout: 20_000 });
  }
}, 90_000);

it("requirement 19: a promotion is served without a restart, going back within a second, a bad version never", async () => {
  await register(0.7);
  await promoteTo(1);
  const served = await openModels([NAME, `${NAME}@champion`], {}, { store: join(folder, ".quern") });
  const server: QuernServer = createServer(
    { port: 0 },
    {
      ...{ models: served.pool, clock, logger: silentLogger, store },
      refresh: () => served.registry!.refresh(),
    },
  );
  const base = await server.listen();
  const post = async (path: string, body: unknown) => {
    const response = await fetch(base + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  };
  const answering = async (reference = NAME) => (await post(`/predict/${reference}`, GOOD)).body.version;
  try {
    expect(await answering()).toBe(1);
    await register(0.9);
    await served.registry!.refresh();
    expect(await answering()).toBe(1);
    expect((await post(`/api/registry/${NAME}/promote`, { version: 2, reason: "better" })).status).toBe(200);
    expect([await answering(), await answering(`${NAME}@champion`)]).toEqual([2, 2]);
    const start = performance.now();
    expect((await post(`/api/registry/${NAME}/rollback`, { reason: "worse" })).body.version).toBe(1);
    expect(await answering()).toBe(1);
    expect(performance.now() - start).toBeLessThan(1000);
    await register(0.9, true);
    const refused = await post(`/api/registry/${NAME}/promote`, { version: 3, reason: "?" });
    expect([refused.status, refused.body.error.code]).toEqual([409, "GOAL_NOT_MET"]);
    // Forced, it is the champion of the registry, but it never answers.
    await post(`/api/registry/${NAME}/promote`, { version: 3, reason: "?", force: true });
    expect(await answering()).toBe(1);
    const { body } = { body: await (await fetch(`${base}/api/registry/${NAME}/history`)).json() };
    expect(body.changes.map(({ to }: { to: number }) => to)).toEqual([1, 2, 1, 3]);
    expect((await post(`/api/registry/${NAME}/promote`, { version: 2 })).body.error.code).toBe(
      "REQUEST_INVALID",
    );
  } finally {
    await server.close();
    await served.close();
  }
});
