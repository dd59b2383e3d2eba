import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import { crc32c, maskedCrc32c } from "./crc32c.js";
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
    await tracker.end("finished");
    const [name] = readdirSync(folder);
    expect(name).toBe("events.out.tfevents.1700000000.quern.r1");
    const bytes = readFileSync(join(folder, name!));
    rmSync(folder, { recursive: true });
    const records: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = Number(bytes.readBigUInt64LE(at));
      expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
      const data = bytes.subarray(at + 12, at + 12 + length);
      expect(bytes.readUInt32LE(at + 12 + length)).toBe(maskedCrc32c(data));
      records.push(data);
      at += 16 + length;
    }
    expect(records).toHaveLength(3);
    expect(records[0]!.readDoubleLE(1)).toBe(1_700_000_000.5);
    expect(records[0]!.toString("latin1")).toContain("brain.Event:2");
    expect(records[1]!.toString()).toContain("| rate | 0.1 |");
    // Field 2, the step: 300 as a varint.
    expect([...records[2]!.subarray(9, 12)]).toEqual([16, 0xac, 2]);
  });
});

describe("MLflow", () => {
  async function serve(answer: (path: string, body: unknown) => [number, unknown]) {
    const requests: [string, unknown][] = [];
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString();
      const body = text ? (JSON.parse(text) as unknown) : undefined;
      const path = request.url!.replace("/api/2.0/mlflow/", "");
      requests.push([path, body]);
      const [status, value] = answer(path, body);
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const client = createOutboundClient({ allowedHosts: ["127.0.0.1"], privateHosts: ["127.0.0.1"] });
    const options = { url: `http://127.0.0.1:${port}/`, experiment: "e", runName: "r", client, clock };
    return { requests, options, close: () => server.close() };
  }

  it("finds or makes the experiment, logs in batches and ends the run", async () => {
    const { requests, options, close } = await serve((path) => {
      if (path.startsWith("experiments/get-by-name")) return [404, { error_code: "RESOURCE_DOES_NOT_EXIST" }];
      if (path === "experiments/create") return [200, { experiment_id: "7" }];
      return [200, path === "runs/create" ? { run: { info: { run_id: "abc" } } } : {}];
    });
    const run = await createMlflowRun(options);
    expect(run.id).toBe("abc");
    await run.settings(Object.fromEntries(Array.from({ length: 130 }, (_, k) => [`p:${k}`, k])));
    await run.scalars(4, { loss: 0.25, broken: Number.NaN });
    await run.end("stopped");
    close();
    expect(requests.map(([path]) => path.split("?")[0])).toEqual([
      "experiments/get-by-name",
      "experiments/create",
      "runs/create",
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
    expect(requests[6]![1]).toMatchObject({ run_id: "abc", status: "KILLED" });
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
