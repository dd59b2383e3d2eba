import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/foundation/base/random.js";
import { MAIN, quern, workFolder } from "../e2e/quern.js";
import { writeJob } from "../fixtures/prediction-job.js";

const KILLS = 12;

describe.runIf(process.env.QUERN_HEAVY === "1")("kill -9 of a prediction of a file", () => {
  it("loses and doubles no row, at whatever point it comes", { timeout: 300_000 }, async () => {
    const { folder, remove } = workFolder();
    await writeJob(folder, 20_000);
    const args = (out: string) => [
      "predict",
      "./bundle",
      "rows.csv",
      "--out",
      out,
      "--chunk-rows",
      "100",
      "--resume",
    ];
    expect((await quern(args("whole.csv"), { cwd: folder })).code).toBe(0);
    const random = createRandom(1);
    let killed = 0;
    for (let turn = 0; turn < 100 && !existsSync(join(folder, "out.csv")); turn++) {
      const child = spawn(process.execPath, [MAIN, ...args("out.csv")], { cwd: folder, stdio: "ignore" });
      const ended = once(child, "exit");
      const started = () => readdirSync(folder).some((name) => name.endsWith(".progress.json"));
      // From here on the time of the kill is chance: most of a run is its start.
      while (!started() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
      if (turn < KILLS) {
        await new Promise((resolve) => setTimeout(resolve, 400 + random.uniform() * 1500));
        child.kill("SIGKILL");
      }
      await ended;
      if (child.signalCode === "SIGKILL") killed += 1;
    }
    expect(killed).toBeGreaterThan(1);
    expect(readFileSync(join(folder, "out.csv"))).toEqual(readFileSync(join(folder, "whole.csv")));
    expect(readdirSync(folder).filter((name) => /out\.csv\./.test(name))).toEqual([]);
    remove();
  });
});
