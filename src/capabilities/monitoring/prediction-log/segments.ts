/** Journals as Parquet: one column a field, all texts, so that segments of any time are read together. */
import { join } from "node:path";
import { openTable, writeParquet } from "../../../engines/table/index.js";
import { moveFile, writeFileAtomic } from "../../../foundation/base/atomic-file.js";
import {
  type JournalFile,
  listJournals,
  readJournal,
  removeJournal,
} from "../../../foundation/base/journal.js";
import { withPrivateFolder } from "../../../foundation/base/private-folder.js";
import type { MonitoringStore, PredictionSegment } from "../../../foundation/contracts/monitoring-store.js";
import {
  type LoggedPrediction,
  loggedPredictionSchema,
} from "../../../foundation/contracts/prediction-log.js";
import type { BlobStore } from "../../../foundation/contracts/store.js";

export interface SealOptions {
  /** Of the journals. */
  readonly folder: string;
  readonly blobs: Pick<BlobStore, "putFile">;
  readonly monitoring: Pick<MonitoringStore, "addSegments">;
  readonly threads: number;
}

export interface Sealed {
  readonly rows: number;
  readonly segments: number;
  /** Lines that were torn or damaged; the rest of their journals was kept. */
  readonly damaged: number;
}

export const inputField = (index: number): string => `input${index}`;
export const probabilityField = (index: number): string => `probability${index}`;

/**
 * Turns journals that nobody writes to any more into segments of the store. Killed at any point it can be repeated: a
 * journal goes only after its segments are recorded, and is recorded once.
 */
export async function sealJournals({ folder, blobs, monitoring, threads }: SealOptions): Promise<Sealed> {
  const sealed = { rows: 0, segments: 0, damaged: 0 };
  for (const journal of listJournals(folder).filter(({ live }) => !live)) {
    const { predictions, damaged } = readPredictionJournal(journal);
    const segments: PredictionSegment[] = [];
    for (const group of byVersion(predictions)) {
      const hash = await withPrivateFolder("segment", async (temporary) => {
        const stored = await blobs.putFile(await writePredictions(group, temporary, threads));
        return stored.hash;
      });
      segments.push(describe(journal.name, hash, group));
    }
    await monitoring.addSegments(journal.name, segments);
    removeJournal(journal);
    sealed.rows += predictions.length;
    sealed.segments += segments.length;
    sealed.damaged += damaged;
  }
  return sealed;
}

function byVersion(predictions: readonly LoggedPrediction[]): Iterable<LoggedPrediction[]> {
  const groups = new Map<string, LoggedPrediction[]>();
  for (const prediction of predictions) {
    const key = `${prediction.model}@${prediction.version}`;
    const group = groups.get(key);
    if (group) group.push(prediction);
    else groups.set(key, [prediction]);
  }
  return groups.values();
}

export function readPredictionJournal({ path }: Pick<JournalFile, "path">): {
  predictions: LoggedPrediction[];
  damaged: number;
} {
  const { records, damaged } = readJournal(path);
  const parsed = records.map((record) => loggedPredictionSchema.safeParse(record));
  const predictions = parsed.flatMap(({ data }) => data ?? []);
  return { predictions, damaged: damaged + parsed.length - predictions.length };
}

/** Writes a Parquet file into the folder. @returns its path */
export async function writePredictions(
  predictions: readonly LoggedPrediction[],
  folder: string,
  threads: number,
): Promise<string> {
  const path = join(folder, "predictions.jsonl");
  writeFileAtomic(
    path,
    predictions.map((prediction) => `${JSON.stringify(toFields(prediction))}\n`).join(""),
  );
  const table = await openTable({ format: "jsonl", files: [{ path }] }, { threads, temporaryFolder: folder });
  try {
    const parquet = join(folder, "predictions.parquet");
    moveFile(await writeParquet(table), parquet);
    return parquet;
  } finally {
    await table.close();
  }
}

/** Why a model was asked: its role, then experiment and unit where there are any. All segments have the same columns. */
export function readPurpose(text: string): Pick<LoggedPrediction, "experiment" | "unit"> & { role: string } {
  const [role = "", experiment, unit] = text.split(" ");
  return { role, ...(experiment && unit ? { experiment, unit } : {}) };
}

function toFields(prediction: LoggedPrediction): Record<string, string> {
  const { id, at, role, answer, probabilities, inputs, experiment, unit } = prediction;
  const purpose = experiment && unit ? `${role} ${experiment} ${unit}` : role;
  return {
    ...{ id, at: String(at), role: purpose, answer },
    ...Object.fromEntries(probabilities.map((share, index) => [probabilityField(index), String(share)])),
    ...Object.fromEntries(inputs.map((text, index) => [inputField(index), text])),
  };
}

function describe(source: string, blob: string, group: readonly LoggedPrediction[]): PredictionSegment {
  const { model, version } = group[0]!;
  const times = group.map(({ at }) => at);
  return {
    ...{ blob, source, model, version, rows: group.length },
    firstAt: times.reduce((least, at) => Math.min(least, at)),
    lastAt: times.reduce((most, at) => Math.max(most, at)),
    redacted: [...new Set(group.flatMap(({ redacted = [] }) => redacted))].sort(),
  };
}
