import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEvents } from "../../../test/fixtures/event-records.js";
import { type Answer, startMlflowServer } from "../../../test/fixtures/mlflow-server.js";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import { crc32c } from "./crc32c.js";
import { createEventFile } from "./event-file.js";
import { createMlflowRun } from "./mlflow.js";

const clock = { now: () => 1_700_000_000_500, elapsed: () => 0 };

describe("CRC-32C", () => {
  it("agrees with the vectors of RFC 3720, B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, k) => k))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  });
});

describe("event files", () => {
  it("are framed records with right checksums, the first of which names the version", async () => {
    const folder = mkdtempSync(join(tmpdir(), "events-"));
    const tracker = createEventFile({ folder, run: "r1", clock });
    await tracker.settings({ rate: 0.1, optimizer: "adamw" });
    await tracker.scalars(300, { "loss/train": 0.5, accuracy: Number.NaN });
    await tracker.settings({ "gbdt-0.rounds": "a|b" });
    await tracker.series({ long: [3, 2, 1], short: [1] });
    await tracker.end("finished");
    const [name] = readdirSync(folder);
    expect(name).toBe("events.out.tfevents.1700000000.quern.r1");
    const events = readEvents(join(folder, name!));
    rmSync(folder, { recursive: true });
    const settings = "| setting | value |\n| --- | --- |\n| rate | 0.1 |\n| optimizer | adamw |";
    const at = { wallSeconds: 1_700_000_000.5, step: 0, scalars: {}, texts: {} };
    expect(events).toEqual([
      { ...at, version: "brain.Event:2" },
      { ...at, texts: { settings } },
      { ...at, step: 300, scalars: { "loss/train": 0.5, accuracy: Number.NaN } },
      // The second text says everything again, one step later.
      { ...at, step: 1, texts: { settings: `${settings}\n| gbdt-0.rounds | a\\|b |` } },
      { ...at, scalars: { long: 3, short: 1 } },
      { ...at, step: 1, scalars: { long: 2 } },
      { ...at, step: 2, scalars: { long: 1 } },
    ]);
  });
});

describe("MLflow", () => {
  async function serve(answer?: Answer) {
    const { port, requests, close } = await startMlflowServer(answer);
    const client = createOutboundClient({ allowedHosts: ["127.0.0.1"], privateHosts: ["127.0.0.1"] });
    const options = { url: `http://127.0.0.1:${port}/`, experiment: "e", runName: "r", client, clock };
    return { requests, options, close };
  }

  it("finds or makes the experiment, logs in batches and ends the run", async () => {
    const { requests, options, close } = await serve();
    const run = await createMlflowRun(options);
    expect(run.id).toBe("abc");
    await run.settings(Object.fromEntries(Array.from({ length: 130 }, (_, k) => [`p:${k}`, k])));
    await run.scalars(4, { loss: 0.25, broken: Number.NaN });
    await run.series({ falling: Array.from({ length: 1001 }, (_, k) => -k) });
    await run.end("stopped");
    close();
    expect(requests.map(([path]) => path)).toEqual([
      "experiments/get-by-name",
      "experiments/create",
      "runs/create",
      "runs/log-batch",
      "runs/log-batch",
      "runs/log-batch",
      "runs/log-batch",
      "runs/log-batch",
      "runs/update",
    ]);
    expect(requests[2]![1]).toMatchObject({ experiment_id: "7", run_name: "r", start_time: clock.now() });
    expect(requests[3]![1]).toMatchObject({ params: { length: 100, 0: { key: "p_0", value: "0" } } });
    expect(requests[5]![1]).toEqual({
      run_id: "abc",
      metrics: [{ key: "loss", value: 0.25, timestamp: clock.now(), step: 4 }],
    });
    expect(requests[7]![1]).toMatchObject({ metrics: [{ key: "falling", value: -1000, step: 1000 }] });
    expect(requests[8]![1]).toMatchObject({ run_id: "abc", status: "KILLED" });
  });

  it("says what the server answered when it refuses", async () => {
    const { options, close } = await serve(() => [403, { message: "no" }]);
    await expect(createMlflowRun(options)).rejects.toMatchObject({
      code: "NETWORK_FAILED",
      message: expect.stringMatching(/403: .*no/),
    });
    close();
    const other = await serve(() => [200, { hello: 1 }]);
    await expect(createMlflowRun(other.options)).rejects.toMatchObject({ code: "NETWORK_FAILED" });
    other.close();
    const refused = { ...options, client: createOutboundClient({ allowedHosts: [] }) };
    await expect(createMlflowRun(refused)).rejects.toMatchObject({ code: "NETWORK_REFUSED" });
  });
});
