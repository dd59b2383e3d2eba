/** What jobs do inside a server: nothing there waits for the disk, and changes do not cross. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { systemClock as clock } from "../../foundation/base/clock.js";
import { silentLogger } from "../../foundation/base/logger.js";
import { jobSettingsSchema, type PredictionJobs } from "../../foundation/contracts/job.js";
import { ownerHere } from "./held-file.js";
import { JobFolder } from "./job-folder.js";
import { openPredictionJobs } from "./prediction-jobs.js";

const waits = vi.hoisted(() => ({ called: [] as string[] }));
vi.mock("node:fs", async (original) => {
  const real = await original<Record<string, unknown>>();
  const noted = Object.entries(real).map(([name, value]) => {
    if (typeof value !== "function" || !name.endsWith("Sync")) return [name, value] as const;
    const call = (...given: unknown[]) => {
      waits.called.push(name);
      return value(...given);
    };
    return [name, call] as const;
  });
  return Object.fromEntries(noted);
});
/** Jobs are taken and stay where they are. */
vi.mock("node:child_process", () => ({
  fork: () => ({ send: () => true, on: () => undefined, once: () => undefined }),
}));

const root = mkdtempSync(join(tmpdir(), "quern-jobs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  waits.called = [];
});

const open = (name: string): PredictionJobs =>
  openPredictionJobs({
    ...{ folder: join(root, name), settings: jobSettingsSchema.parse({}), store: root, clock },
    ...{ logger: silentLogger, referenceOf: () => "churn@1" },
  });
async function* bytes(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("age\n31\n");
}
const submit = (jobs: PredictionJobs, key?: string) =>
  jobs.submit(
    {
      ...{ model: { name: "churn", version: 1, asked: "churn" }, output: "csv", interval: false },
      ...{ escapeFormulas: false, ...(key === undefined ? {} : { key }) },
    },
    { format: "csv", bytes: bytes() },
  );

test("taking, listing, telling and cancelling jobs calls nothing that waits for the disk", async () => {
  const jobs = open("asynchronous");
  // The folder itself is made when the server starts.
  waits.called = [];
  const { job } = await submit(jobs, "june");
  expect(await submit(jobs, "june")).toMatchObject({ isNew: false, job: { id: job.id } });
  expect((await jobs.list({ limit: 10 })).queue.waiting).toBe(1);
  expect((await jobs.get(job.id)).state).toBe("queued");
  expect((await jobs.cancel(job.id)).state).toBe("cancelled");
  await jobs.cancel(job.id);
  expect(waits.called).toEqual([]);
  expect(existsSync(join(root, "asynchronous", job.id))).toBe(false);
});

test("a job that is cancelled often at once ends and is forgotten, one after the other", async () => {
  const jobs = open("often");
  const { job } = await submit(jobs);
  const answers = await Promise.allSettled(Array.from({ length: 8 }, () => jobs.cancel(job.id)));
  const told = answers.map((answer) =>
    answer.status === "fulfilled" ? answer.value.state : answer.reason.code,
  );
  expect(told).toEqual(["cancelled", "cancelled", ...Array(6).fill("JOB_NOT_FOUND")]);
  expect(readdirSync(join(root, "often"))).toEqual([]);
});

test("of those who find it free or left by a dead one at the same moment, one has it", async () => {
  const alive = [process.pid, process.ppid, 1].map((id) => ({ ...ownerHere(`alive ${id}`), process: id }));
  const dead = { ...ownerHere("dead"), process: 2 ** 30 };
  for (let round = 0; round < 40; round++) {
    const folder = new JobFolder(join(root, `contended ${round}`), clock);
    const slot = () => folder.slots(1)[0]!;
    if (round % 2 === 1) expect(await slot().claim(dead)).toBe(true);
    const claims = await Promise.all(alive.map((owner) => slot().claim(owner)));
    const holders = await Promise.all(alive.map((owner) => slot().keep(owner)));
    expect(holders).toEqual(claims);
    expect(claims.filter((has) => has).length).toBeLessThanOrEqual(1);
    // Those who got in each other's way try again.
    if (!claims.includes(true)) expect(await slot().claim(alive[0]!)).toBe(true);
    expect(readdirSync(folder.path)).toEqual(["slot-0.json"]);
  }
});

test("of many who claim, one has it; after it is released, the next", async () => {
  const folder = new JobFolder(join(root, "held"), clock);
  const [one, two] = [ownerHere("one"), { ...ownerHere("two"), process: process.ppid }];
  const slot = () => folder.slots(1)[0]!;
  expect(await slot().claim(one)).toBe(true);
  expect(await slot().claim(two)).toBe(false);
  expect([await slot().keep(one), await slot().keep(two)]).toEqual([true, false]);
  await slot().release(two);
  expect(await slot().isHeld(two)).toBe(true);
  await slot().release(one);
  expect(await slot().claim(two)).toBe(true);
});
