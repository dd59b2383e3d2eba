/** `quern serve --traces`: what is sent is what OpenTelemetry's own message definitions read. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { pythonWith } from "../fixtures/python-environment.js";
import { smallModel } from "../golden/small-model.js";
import { MAIN } from "./quern.js";
import { startCollector } from "./traces.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};

it("sends every sampled request, also those before SIGTERM", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-traces-"));
  await writeBundle(join(folder, "bundle"), smallModel("binary"));
  const collector = await startCollector();
  const server = spawn(
    process.execPath,
    [MAIN, "serve", "./bundle", "--port", "0", "--traces", collector.url, "--trace-sample", "1"],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, OTEL_SERVICE_NAME: "shop" } },
  );
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const lines = createInterface({ input: server.stderr })[Symbol.asyncIterator]();
  const address = /http:\/\/[\d.:]+/.exec((await lines.next()).value)![0];
  for (let k = 0; k < 50; k++) {
    const response = await fetch(`${address}/predict/small-binary`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(GOOD),
    });
    await response.json();
  }
  server.kill("SIGTERM");
  expect(await ended).toBe(0);
  const python = pythonWith(join(here, "serve-traces-requirements.txt"));
  const output = execFileSync(python, [join(here, "serve-traces.py")], {
    input: `${collector.bodies.join("\n")}\n`,
  });
  const spans: { service: string; name: string; trace: string; parent: string }[] = JSON.parse(
    String(output),
  );
  const requests = spans.filter(({ name }) => name === "POST /predict/{model}");
  expect(requests).toHaveLength(50);
  expect(new Set(requests.map(({ trace }) => trace)).size).toBe(50);
  expect(requests.every(({ service, parent }) => service === "shop" && parent === "")).toBe(true);
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
});
