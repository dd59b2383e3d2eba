/** From the server's answers to the verdict: predictions are logged, labels come over HTTP, `monitor` judges both. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { train } from "../../src/workflows/train/train.js";
import { customers, customersCsv } from "../fixtures/churn-world.js";
import { MAIN, quern } from "./quern.js";

const folder = mkdtempSync(join(tmpdir(), "quern-serve-log-"));
let server: ChildProcess;
let address: string;

beforeAll(async () => {
  writeFileSync(join(folder, "train.csv"), customersCsv(customers(1200, "training")));
  writeFileSync(join(folder, "quern.yaml"), "monitoring: { log: { columns: { plan: drop } } }\n");
  const project = {
    name: "churn",
    task: { target: "churned" },
    data: { source: "train.csv" },
    models: ["logistic-regression"],
    ensemble: { kind: "none" as const },
  };
  await train({ project }, { folder, store: join(folder, ".quern"), threads: 1 });
  server = spawn(process.execPath, [MAIN, "serve", "churn", "--port", "0", "--log", "--json"], {
    cwd: folder,
    env: { ...process.env, QUERN_HOME: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  address = await new Promise<string>((resolve) => {
    let text = "";
    server.stdout!.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("}")) resolve((JSON.parse(text) as { address: string }).address);
    });
  });
}, 180_000);
afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function post(path: string, body: unknown) {
  const response = await fetch(`${address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

test("answers are logged, feedback is idempotent, and the monitor joins both", async () => {
  const asked = customers(300, "asked");
  const ids = asked.map((_, index) => `customer ${index}`);
  const answer = await post("/predict/churn", { rows: asked.map(({ row }) => row), id: ids });
  expect(answer.status).toBe(200);
  const feedback = asked.map(({ churned }, index) => ({ id: ids[index]!, actual: churned }));
  expect(await post("/feedback/churn", { feedback })).toEqual({
    status: 200,
    json: { added: 300, corrected: 0, repeated: 0, refused: [], unknownClasses: [] },
  });
  expect((await post("/feedback/churn", { feedback })).json).toMatchObject({ repeated: 300 });
  expect((await post("/feedback/nobody", { feedback })).status).toBe(404);
  expect((await post("/feedback/churn", { feedback: [{ id: "" }] })).status).toBe(400);
  // Beyond the times of a Date, and beyond the whole numbers that the store gives back.
  const never = { id: "a", actual: "yes", at: 2.8e16 };
  expect((await post("/feedback/churn", { feedback: [never] })).status).toBe(400);
  server.kill("SIGTERM");
  await new Promise((resolve) => server.on("exit", resolve));

  const judged = await quern(["monitor", "churn", "--json", "--quiet"], { cwd: folder });
  expect(judged.code, judged.stderr).toBe(0);
  expect(judged.json()).toMatchObject({
    window: { source: "log", rows: 300, redacted: ["plan"] },
    performance: { labelled: 300, coverage: 1 },
    sealed: { rows: 300, segments: 1, damaged: 0 },
    alerts: [],
  });
}, 120_000);
