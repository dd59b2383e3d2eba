import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEventFile, createMlflowRun } from "../../../src/capabilities/tracking/index.js";
import { systemClock } from "../../../src/foundation/base/clock.js";
import { createOutboundClient } from "../../../src/foundation/base/outbound-client.js";
import { pythonWith } from "../../fixtures/python-environment.js";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
let python: string;
const folder = mkdtempSync(join(tmpdir(), "quern-tracking-"));

beforeAll(() => {
  python = pythonWith(here("requirements.txt"));
}, 900_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("TensorBoard", () => {
  it("reads every number and the settings from our files", { timeout: 120_000 }, async () => {
    const own = join(folder, "events");
    const tracker = createEventFile({ folder: own, run: "r1", clock: systemClock });
    await tracker.settings({ rate: 0.1, optimizer: "adamw" });
    for (let step = 0; step < 900; step += 300)
      await tracker.scalars(step, { "loss/train": 2 ** -(step / 300) });
    await tracker.series({ "curve/loss": [3, 2, 1] });
    await tracker.settings({ momentum: 0.9 });
    await tracker.end("finished");
    const answer = execFileSync(python, [here("read_events.py"), own], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const { version, scalars, texts } = JSON.parse(answer.toString());
    expect(version).toBe(2);
    const points = (scalars["loss/train"] as number[][]).map(([step, value]) => [step, value]);
    expect(points).toEqual([
      [0, 1],
      [300, 0.5],
      [600, 0.25],
    ]);
    expect(scalars["curve/loss"].map(([step, value]: number[]) => [step, value])).toEqual([
      [0, 3],
      [1, 2],
      [2, 1],
    ]);
    expect(texts.settings).toContain("| optimizer | adamw |\n| momentum | 0.9 |");
  });
});

describe("MLflow", () => {
  let server: ChildProcess;
  let url: string;
  const client = createOutboundClient({ allowedHosts: ["127.0.0.1"], privateHosts: ["127.0.0.1"] });

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const places = [
      "--backend-store-uri",
      `sqlite:///${folder}/mlflow.db`,
      "--artifacts-destination",
      folder,
    ];
    const address = ["--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
    server = spawn(join(dirname(python), "mlflow"), ["server", ...address, ...places], {
      stdio: "ignore",
      detached: true,
    });
    for (let second = 0; second < 120; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const answer = await client.request(`${url}/health`).catch(() => undefined);
      answer?.body.destroy();
      if (answer?.status === 200) return;
    }
    throw new Error("The MLflow server does not answer.");
  }, 150_000);
  // The server has workers of its own: the whole group ends.
  afterAll(() => void process.kill(-server.pid!, "SIGKILL"));

  it("takes settings, numbers and the end of a run", { timeout: 60_000 }, async () => {
    const options = { url, experiment: "quern", runName: "first", client, clock: systemClock };
    const run = await createMlflowRun(options);
    await run.settings({ rate: 0.1, optimizer: "adamw" });
    for (let step = 0; step < 3; step++) await run.scalars(step, { loss: 1 / (step + 1) });
    await run.series({ "curve/loss": [3, 2, 1] });
    await run.settings({ momentum: 0.9 });
    await run.end("finished");
    const second = await createMlflowRun({ ...options, runName: "second" });
    expect(second.id).not.toBe(run.id);
    const response = await client.request(`${url}/api/2.0/mlflow/runs/get?run_id=${run.id}`);
    const parts: Buffer[] = [];
    for await (const part of response.body as AsyncIterable<Buffer>) parts.push(part);
    const { info, data } = JSON.parse(Buffer.concat(parts).toString()).run;
    expect(info).toMatchObject({ run_name: "first", status: "FINISHED" });
    expect(data.metrics).toContainEqual(expect.objectContaining({ key: "loss", value: 1 / 3, step: 2 }));
    expect(data.metrics).toContainEqual(expect.objectContaining({ key: "curve/loss", value: 1, step: 2 }));
    expect(data.params).toContainEqual({ key: "optimizer", value: "adamw" });
    expect(data.params).toContainEqual({ key: "momentum", value: "0.9" });
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
