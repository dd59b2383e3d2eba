/** Requirement 15: the Open Inference Protocol as an independent client, Triton's for Python, speaks it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { bundleFiles } from "../../src/capabilities/bundles/index.js";
import { createModelPool } from "../../src/capabilities/serving/index.js";
import { createServer } from "../../src/entries/http/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import { pythonWith } from "../fixtures/python-environment.js";
import { smallModel } from "../golden/small-model.js";

const here = fileURLToPath(new URL(".", import.meta.url));

it.each(["http", "grpc"] as const)(
  "understands tritonclient over %s and is understood",
  {
    timeout: 300_000,
  },
  async (protocol) => {
    const models = createModelPool({ clock: systemClock });
    const { manifest, files } = await bundleFiles(smallModel("binary"));
    const model = await models.add({ id: "small", manifest, files });
    const server = createServer(
      { port: 0, grpcPort: 0 },
      { models, clock: systemClock, logger: silentLogger },
    );
    const { host } = new URL(await server.listen());
    const script = join(here, "serve-protocol.py");
    const python = pythonWith(join(here, "serve-protocol-requirements.txt"));
    const address = protocol === "grpc" ? server.grpcAddress! : host;
    const { stdout } = await promisify(execFile)(python, [script, protocol, address, "small-binary"]);
    const report = JSON.parse(stdout);
    const place = { member: "yes", label: "good", place: [1, 2] };
    const expected = await model.predict([
      { age: 30, balance: 1_000_000_001, city: "北京", since: "2020-01-02", ...place },
      {
        age: 40,
        balance: 1_000_000_002,
        city: "Lyon",
        since: null,
        ...place,
        member: "no",
        label: "",
        place: [3, 4],
      },
    ]);
    const rows = expected.map((row) => ("label" in row ? row : expect.unreachable()));
    expect(report).toMatchObject({
      live: true,
      ready: true,
      modelReady: true,
      unknownReady: false,
      server: "quern",
      id: "9007199254740993",
      version: String(manifest.version),
      labels: rows.map(({ label }) => label),
      sameWithoutOutputs: true,
      binary: [report.labels, report.probabilities],
      refusal: [protocol === "grpc" ? "StatusCode.NOT_FOUND" : "404", expect.stringContaining("nobody")],
    });
    for (const [row, { probabilities }] of rows.entries()) {
      for (const [index, value] of Object.values(probabilities).entries()) {
        expect(report.probabilities[row][index]).toBeCloseTo(value, 6);
      }
    }
    await server.close();
  },
);
