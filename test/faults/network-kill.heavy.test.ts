/** Requirement: kill -9 at 50 random moments of a training; going on always works, and the result is the same. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "../../src/foundation/base/random.js";

const CHILD = fileURLToPath(new URL("network-child.mjs", import.meta.url));
const [KILLS, STEPS] = [50, 900];

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "quern-network-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Outcome {
  readonly digest?: string;
  readonly checkpoints: readonly number[];
}

/** Kills the training this long after its first checkpoint; absent: lets it end. */
async function train(folder: string, execution: string, killAfterMs?: number): Promise<Outcome> {
  const child = spawn(process.execPath, [CHILD, folder, execution, String(STEPS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (output === "" && killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    output += chunk.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  if (signal !== "SIGKILL") expect(code).toBe(0);
  const digest = /digest (\w+)/.exec(output)?.[1];
  const checkpoints = [...output.matchAll(/checkpoint (\d+)\n/g)].map(([, step]) => Number(step));
  return { checkpoints, ...(digest ? { digest } : {}) };
}

it.each(["loop", "stepwise"])(
  `requirement 13: is the same after ${KILLS / 2} kills: %s`,
  { timeout: 600_000 },
  async (execution) => {
    const start = Date.now();
    const whole = await train(join(root, `${execution}-whole`), execution);
    const wholeMs = Date.now() - start;
    expect(whole.checkpoints).toHaveLength(Math.floor(STEPS / 7));
    const random = createRandom(`kill ${execution}`);
    let [kills, round, reached] = [0, 0, 0];
    while (kills < KILLS / 2) {
      const folder = join(root, `${execution}-${round}`);
      const { digest, checkpoints } = await train(folder, execution, random.uniform() * 0.4 * wholeMs);
      // It went on behind what it had saved before.
      if (checkpoints[0] !== undefined) expect(checkpoints[0]).toBeGreaterThan(reached);
      reached = checkpoints.at(-1) ?? reached;
      if (digest === undefined) {
        kills++;
        continue;
      }
      expect(digest).toBe(whole.digest);
      [round, reached] = [round + 1, 0];
    }
    expect((await train(join(root, `${execution}-${round}`), execution)).digest).toBe(whole.digest);
  },
);
