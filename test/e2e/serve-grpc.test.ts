/** gRPC as `quern serve` starts it: several processes on one port, each finishing what it accepted. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { inferenceClient } from "../fixtures/inference-client.js";
import { smallModel } from "../golden/small-model.js";
import { MAIN, quern } from "./quern.js";

it("answers gRPC in every process, and loses no call when it is stopped", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-grpc-"));
  await writeBundle(join(folder, "bundle"), smallModel("binary"));
  const server = spawn(
    process.execPath,
    [MAIN, "serve", "./bundle", "--workers", "2", "--port", "0", "--grpc-port", "0"],
    { cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const lines: string[] = [];
  createInterface({ input: server.stderr }).on("line", (line) => lines.push(line));
  try {
    while (!lines.some((line) => line.includes("2 processes serve"))) {
      expect(server.exitCode, lines.join("\n")).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const addresses = new Set(lines.flatMap((line) => /gRPC at ([\d.:]+\d)/.exec(line)?.[1] ?? []));
    expect(addresses.size, lines.join("\n")).toBe(1);
    const [address] = addresses;
    // Channels of one process share a connection unless they may not.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const clients = Array.from({ length: 6 }, () => inferenceClient(address, options));
    const ask = (client: (typeof clients)[number]) =>
      new Promise<unknown>((resolve) => {
        client.serverReady({}, (failure: Error | null, answer: unknown) => resolve(failure ?? answer));
      });
    const ready = { ready: true };
    expect(await Promise.all(clients.map(ask))).toEqual(clients.map(() => ready));
    const accepted = Promise.all(clients.flatMap((client) => Array.from({ length: 20 }, () => ask(client))));
    await Promise.race([accepted, new Promise((resolve) => setTimeout(resolve, 5))]);
    server.kill("SIGTERM");
    const answers = await accepted;
    // Ready or, where the stop had begun, not: but answered.
    for (const answer of answers) expect(answer).toEqual({ ready: expect.any(Boolean) });
    expect(await ended).toBe(0);
    for (const client of clients) client.close();
  } finally {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

it("says which port is taken", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-grpc-"));
  await writeBundle(join(folder, "bundle"), smallModel("binary"));
  const taken = new grpc.Server();
  const port = await new Promise<number>((resolve) => {
    taken.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_cause, bound) =>
      resolve(bound),
    );
  });
  const args = ["serve", "./bundle", "--port", "0", "--grpc-port", String(port), "--json"];
  const outcome = await quern(args, { cwd: folder });
  expect([outcome.code, outcome.json().error.code]).toEqual([2, "USAGE"]);
  expect(outcome.json().error.hint).toContain("--grpc-port");
  taken.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});
