/** Requirement: 100 stops by SIGTERM lose no accepted request. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { createRandom } from "../../src/foundation/base/random.js";
import { smallModel } from "../golden/small-model.js";

const STOPS = 100;
const WORKER = fileURLToPath(new URL("serve-worker.mjs", import.meta.url));
const BODY = JSON.stringify({
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
});

interface Outcome {
  answered: number;
  lost: string[];
}

/** Sends one request after the other on one connection, until the server says that this one was the last. */
async function client(address: string, agent: Agent, outcome: Outcome): Promise<void> {
  for (;;) {
    const result = await new Promise<string>((resolve) => {
      const outgoing = request(`${address}/predict/small-binary`, {
        method: "POST",
        agent,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(BODY) },
      });
      outgoing.on("response", (answer) => {
        answer.resume();
        const last = answer.headers.connection === "close" ? " last" : "";
        answer.on("end", () => resolve(`${answer.statusCode}${last}`));
        answer.on("error", (cause) => resolve(cause.message));
      });
      outgoing.on("error", (cause: NodeJS.ErrnoException) => resolve(cause.code ?? cause.message));
      outgoing.end(BODY);
    });
    if (result.startsWith("200")) outcome.answered += 1;
    else outcome.lost.push(result);
    if (result !== "200") return;
  }
}

async function addressOf(server: ChildProcess): Promise<string> {
  const [chunk] = (await once(server.stdout!, "data")) as [Buffer];
  return chunk.toString().trim();
}

it(`requirement 18: ${STOPS} stops lose no accepted request`, { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-restart-"));
  const { path } = await writeBundle(join(folder, "bundle"), smallModel("binary"));
  const random = createRandom("stop");
  const outcome: Outcome = { answered: 0, lost: [] };
  for (let stop = 0; stop < STOPS; stop++) {
    const server = spawn(process.execPath, [WORKER, path], { stdio: ["ignore", "pipe", "inherit"] });
    const address = await addressOf(server);
    const agents = Array.from({ length: 8 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const clients = agents.map((agent) => client(address, agent, outcome));
    await new Promise((resolve) => setTimeout(resolve, 100 + random.uniform() * 50));
    server.kill("SIGTERM");
    const [code] = await once(server, "exit");
    expect(code).toBe(0);
    await Promise.all(clients);
    for (const agent of agents) agent.destroy();
  }
  rmSync(folder, { recursive: true, force: true });
  expect(outcome.lost).toEqual([]);
  expect(outcome.answered).toBeGreaterThan(STOPS * 8);
});
