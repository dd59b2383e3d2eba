/** Several processes on one port: a killed one is replaced, all stop together, and nothing accepted is lost. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { smallModel } from "../golden/small-model.js";
import { MAIN } from "./quern.js";

const GOOD = {
  ...{ age: 30, balance: 1_000_000_001, member: "yes", city: "北京" },
  ...{ since: "2020-01-02", label: "good", place: [1, 2] },
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);

it("requirement 18: workers are replaced when they die, and stop with what they accepted answered", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-workers-"));
  await writeBundle(join(folder, "bundle"), smallModel("binary"));
  const server = spawn(process.execPath, [MAIN, "serve", "./bundle", "--workers", "2", "--port", "0"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const lines: string[] = [];
  createInterface({ input: server.stderr }).on("line", (line) => lines.push(line));
  const until = async (done: () => boolean) => {
    for (let waited = 0; !done() && waited < 40_000; waited += 50) await pause(50);
    expect(done(), lines.join("\n")).toBe(true);
  };
  try {
    await until(() => lines.some((line) => line.includes("2 processes serve")));
    const address = /http:\/\/[\d.:]+/.exec(lines.join("\n"))![0];
    /** Each on a connection of its own, so that all processes get some. */
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        const headers = { "content-type": "application/json" };
        const options = { method: "POST", headers, agent: false };
        const outgoing = request(`${address}/predict/small-binary`, options, (answer) => {
          answer.resume().once("end", () => resolve(answer.statusCode!));
        });
        outgoing.once("error", reject);
        outgoing.end(JSON.stringify(GOOD));
      });
    expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill(200));
    /** Whichever process is asked. */
    const figure = async (line: RegExp) => {
      const headers = { connection: "close" };
      const text = await (await fetch(`${address}/metrics`, { headers })).text();
      return Number(line.exec(text)?.[1]);
    };
    const answered = /^quern_predictions_total\{.*\} (\d+)$/m;
    for (let look = 0; look < 4; look++) {
      expect(await figure(answered)).toBe(20);
      expect(await figure(/^quern_processes (\d+)$/m)).toBe(2);
      expect(await figure(/^quern_model_ready\{.*\} (\d+)$/m)).toBe(1);
      expect(
        await figure(/^quern_http_request_duration_seconds_count\{.*\/predict\/:model.*\} (\d+)$/m),
      ).toBe(20);
    }
    const before = childrenOf(server.pid!);
    expect(before).toHaveLength(2);
    process.kill(before[0]!, "SIGKILL");
    await until(() => childrenOf(server.pid!).filter((pid) => !before.includes(pid)).length === 1);
    await pause(200);
    expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill(200));
    // What the killed process had answered is not forgotten, and no count is taken twice.
    for (let look = 0; look < 4; look++) expect(await figure(answered)).toBe(40);
    const accepted = Promise.all(Array.from({ length: 20 }, ask));
    await pause(300);
    server.kill("SIGTERM");
    expect(await accepted).toEqual(Array(20).fill(200));
    expect(await ended).toBe(0);
  } finally {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});
