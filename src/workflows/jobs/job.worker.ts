/** The process of jobs: takes one after another, oldest first, until none is left; then it ends. */
import { randomUUID } from "node:crypto";
import { constants, setPriority } from "node:os";
import { systemClock } from "../../foundation/base/clock.js";
import { lineLogger } from "../../foundation/base/logger.js";
import { isFinal } from "../../foundation/contracts/job.js";
import { HEARTBEAT_MS, type HeldFile, type Owner, ownerHere } from "./held-file.js";
import { JobFolder } from "./job-folder.js";
import type { JobWorkerData } from "./messages.js";
import { type JobContext, runJob } from "./run-job.js";

const stop = new AbortController();
const end = (): void => stop.abort();
process.on("SIGTERM", end);
// Ctrl-C reaches the whole process group: the server decides and tells.
process.on("SIGINT", () => undefined);
// A server that died is succeeded by another, which starts a process of its own.
process.on("disconnect", end);
process.once("message", (data: JobWorkerData) => {
  void work(data).then(
    () => process.exit(0),
    (failure: unknown) => {
      logger.log("error", "Jobs cannot be computed.", { cause: String(failure) });
      process.exit(1);
    },
  );
});
try {
  // Who asks online is answered first.
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Not everywhere allowed; the jobs are computed all the same.
}

const logger = lineLogger(systemClock, (line) => process.stderr.write(line));

async function work({ folder: path, ...rest }: JobWorkerData): Promise<void> {
  const folder = new JobFolder(path, systemClock);
  const owner = ownerHere(randomUUID());
  const slot = await firstClaimed(folder.slots(rest.settings.atOnce), owner);
  // Others compute as many as may be computed; the next look finds what they leave.
  if (!slot) return;
  const beat = setInterval(async () => (await slot.keep(owner)) || stop.abort(), HEARTBEAT_MS);
  try {
    await workOff(folder, { ...rest, owner, clock: systemClock, logger, signal: stop.signal });
  } finally {
    clearInterval(beat);
    await slot.release(owner);
  }
}

async function firstClaimed(held: readonly HeldFile[], owner: Owner): Promise<HeldFile | undefined> {
  for (const each of held) if (await each.claim(owner)) return each;
  return undefined;
}

async function workOff(folder: JobFolder, context: JobContext): Promise<void> {
  const { owner, signal } = context;
  /** Held by a process that may yet prove dead: for another look, not for a loop. */
  const later = new Set<string>();
  while (!signal.aborted) {
    const waiting = (await folder.all()).filter(
      ({ record, progress }) => !isFinal(progress.state) && !later.has(record.id),
    );
    const owners = new Map(waiting.map(({ record }) => [folder.owner(record.id), record.id]));
    const claimed = await firstClaimed([...owners.keys()], owner);
    if (!claimed) return;
    const id = owners.get(claimed)!;
    // What was known before the claim may be old.
    const known = await folder.find(id);
    const isOver = !known || isFinal(known.progress.state);
    if (isOver || !(await runJob(folder, known, context))) later.add(id);
    await claimed.release(owner);
  }
}
