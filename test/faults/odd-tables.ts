/** Trains on an odd table in this process and shows that it ends well: with a model, or with an error that says why. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { QuernError } from "../../src/foundation/base/errors.js";
import type { ProjectInput } from "../../src/foundation/contracts/project.js";
import { runTraining } from "../../src/workflows/train/run-training.js";
import { csvOf, type OddTable } from "../fixtures/odd-tables.js";

/** Tables in which there is nothing to learn, or no class that could be judged. */
const REFUSED = /contradict|^constant features|two rows of one of two classes/;

export async function trainOddTable(odd: OddTable, project: ProjectInput): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "quern-odd-"));
  writeFileSync(join(folder, "data.csv"), csvOf(odd));
  const merged: ProjectInput = {
    ...project,
    ...odd.project,
    data: { source: "data.csv", ...odd.project?.data },
    task: { target: odd.columns.at(-1)! },
  };
  try {
    const result = await runTraining(
      { project: merged, folder, store: join(folder, ".quern"), threads: 1, allowedHosts: [] },
      { signal: new AbortController().signal, onEvent: () => undefined, startedAt: Date.now() },
    );
    expect(result.version).toBe(1);
    expect(result.parity.maxAbsDiff).toBeLessThanOrEqual(1e-5);
    expect(result.ensemble.members).toBeGreaterThanOrEqual(1);
  } catch (failure) {
    if (!QuernError.is(failure) || !REFUSED.test(odd.name)) throw failure;
    expect(failure.code).toMatch(/^(DATA|TARGET)_/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
