/** Requirement: a study whose fits run in a pool survives kill -9 of its process, and no worker outlives it. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { createRandom } from "../../src/foundation/base/random.js";

const PARENT = fileURLToPath(new URL("fit-parent.mjs", import.meta.url));
const KILLS = 20;
const root = mkdtempSync(join(tmpdir(), "quern-study-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Lines the study said; `killAfterMs` of its first finished trial, or of its start when negative, it is killed. */
async function runStudy(name: string, slots: number, killAfterMs?: number): Promise<string[]> {
  const parent = spawn(process.execPath, ["--no-liftoff", PARENT, join(root, name), String(slots)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = (ms: number) => setTimeout(() => parent.kill("SIGKILL"), ms).unref();
  if (killAfterMs !== undefined && killAfterMs < 0) kill(-killAfterMs);
  let output = "";
  parent.stdout.on("data", (chunk: Buffer) => {
    if (output === "" && killAfterMs !== undefined && killAfterMs >= 0) kill(killAfterMs);
    output += chunk.toString();
  });
  const [code] = await once(parent, "close");
  if (killAfterMs === undefined) expect(code).toBe(0);
  return output.split("\n").slice(0, -1);
}

/** Workers whose parent is gone. */
function orphans(): string[] {
  const listing = execFileSync("ps", ["-e", "-o", "ppid=,pid=,stat=,args="], { encoding: "utf8" });
  const here = fileURLToPath(new URL("fit-child.mjs", import.meta.url));
  return listing
    .split("\n")
    .filter((line) => line.includes(here) && Number(line.trim().split(/\s+/)[0]) === 1);
}

it(`gives the same bytes after kill -9 at ${KILLS} moments as without, in as many processes as you like`, {
  timeout: 900_000,
}, async () => {
  const expected = (await runStudy("inline", 0)).at(-1);
  const random = createRandom("kill a study");
  for (let kill = 0; kill < KILLS; kill++) {
    const name = `study-${kill}`;
    const slots = 1 + (kill % 3);
    const acknowledged = await runStudy(
      name,
      slots,
      kill % 4 === 3 ? -random.uniform() * 1500 : random.uniform() * 400,
    );
    const ended = Date.now() + 20_000;
    while (orphans().length > 0 && Date.now() < ended)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(orphans()).toEqual([]);
    await checkKept(join(root, name), acknowledged);
    expect((await runStudy(name, slots)).at(-1), `kill ${kill}`).toBe(expected);
  }
});

/** Every trial that was told finished is, and no other pretends to be worked on. */
async function checkKept(folder: string, acknowledged: readonly string[]): Promise<void> {
  const store = await openStore(folder, { clock: systemClock, create: true });
  const [run] = (await store.runs.list()).items;
  const curve = run ? await store.runs.trialCurve(run.id) : [];
  for (const line of acknowledged.filter((text) => /^\d+$/.test(text)))
    expect(curve[Number(line)]).toMatchObject({ state: "done", value: Number(line) });
  expect(curve.filter(({ state }) => state === "running")).toEqual([]);
  expect((await store.doctor()).filter(({ ok, repair }) => !ok && repair === undefined)).toEqual([]);
  await store.close();
}
