import { cleanTrainingRows } from "../../capabilities/data/findings/clean-training-rows.js";
import { findProblems } from "../../capabilities/data/findings/find-problems.js";
import { measureTable } from "../../capabilities/data/profile/profile-table.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import type { Profile } from "../../foundation/contracts/profile.js";
import type { Dataset } from "../../foundation/contracts/store.js";
import { wholeTarget } from "./divide.js";
import type { Production } from "./production.js";
import { sampleFindings } from "./sample-division.js";

export interface Inspection {
  readonly profile: Omit<Profile, "findings">;
  readonly findings: readonly Finding[];
  /** The given training rows without those that the project cleans away. */
  clean(train: Int32Array): Int32Array;
}

/** Profile and findings of the whole table and its division, as one cached step. */
export async function inspectData(
  { data, prepared, project, steps, division, extensions }: Production,
  dataset: Dataset,
  splitId: string,
): Promise<Inspection> {
  const { frame, schema, roles, target: resolved, unreadable } = prepared;
  const target = wholeTarget(resolved, frame.rows);
  const { value } = await steps.run(
    {
      id: "inspect",
      version: 2,
      config: {
        schema,
        roles,
        unreadable,
        target: { column: resolved.column, task: resolved.task, classes: resolved.classes },
        ...(division.sample ? { sample: division.sample } : {}),
      },
      inputs: { dataset: dataset.id, split: splitId },
    },
    async () => {
      const input = await measureTable(data.table, schema, {
        frame,
        roles,
        unreadable,
        target: { name: resolved.column, task: resolved.task, values: target },
      });
      const { finders } = extensions;
      const findings = findProblems({ ...input, splits: division.splits }, { finders });
      return { profile: input.profile, findings };
    },
  );
  const cleaning = { frame: prepared.features, target, config: project.cleaning };
  const applied = cleanTrainingRows({ ...cleaning, rows: division.whole.train }).findings;
  return {
    profile: value.profile,
    findings: [...value.findings, ...prepared.notes, ...sampleFindings(division), ...applied],
    clean: (rows) => cleanTrainingRows({ ...cleaning, rows }).rows,
  };
}
