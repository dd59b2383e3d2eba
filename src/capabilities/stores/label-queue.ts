import type { Kysely } from "kysely";
import type { Document } from "../../foundation/contracts/document.js";
import {
  LABEL_REASONS,
  type LabelCandidate,
  type LabelItem,
  type LabelQueue,
  type LabelReason,
  type LabelState,
} from "../../foundation/contracts/label-queue.js";
import type { Backend } from "./backend.js";
import { fromJson, toJson } from "./documents.js";
import type { Migration } from "./migration.js";
import { writeFeedback } from "./monitoring.js";
import type { Tables } from "./tables.js";

export const LABEL_TABLES: Migration = {
  id: 5,
  name: "label queue",
  statements: [
    `create table label_queue (model text not null, prediction text not null, version integer not null,
      reason text not null, score double precision not null, content text not null,
      document_json text not null, predicted_at bigint not null, exported_at bigint, labelled_at bigint,
      label text, primary key (model, prediction))`,
    `create unique index label_queue_by_content on label_queue (model, content)`,
  ],
};

export const SKIPPED_LABELS: Migration = {
  id: 6,
  name: "skipped labels",
  statements: [`alter table label_queue add column skipped_at bigint`],
};

/** Ids bound in one statement. */
const BOUND = 500;
const MOST_LISTED = 1_000_000;

export function createLabelQueue(backend: Backend): LabelQueue {
  const { db, clock } = backend;
  return {
    offer: (model, candidates, places) => offer(db, model, candidates, places),
    list: (model, { states, limit = MOST_LISTED } = {}) => list(db, model, states, limit),
    counts: (model) => counts(db, model),
    async markExported(model, ids) {
      const exportedAt = clock.now();
      await db.transaction().execute(async (transaction) => {
        for (let start = 0; start < ids.length; start += BOUND)
          await transaction
            .updateTable("labelQueue")
            .set({ exportedAt })
            .where("model", "=", model)
            .where("prediction", "in", ids.slice(start, start + BOUND))
            .execute();
      });
    },
    async skip(model, ids) {
      const skippedAt = clock.now();
      return db.transaction().execute(async (transaction) => {
        let skipped = 0;
        for (let start = 0; start < ids.length; start += BOUND) {
          const { numUpdatedRows } = await transaction
            .updateTable("labelQueue")
            .set({ skippedAt })
            .where("model", "=", model)
            .where("labelledAt", "is", null)
            .where("skippedAt", "is", null)
            .where("prediction", "in", ids.slice(start, start + BOUND))
            .executeTakeFirst();
          skipped += Number(numUpdatedRows);
        }
        return skipped;
      });
    },
    addLabels: (model, labels) =>
      db.transaction().execute(async (transaction) => {
        const now = clock.now();
        const receipt = await writeFeedback(transaction, model, labels, now);
        let queued = 0;
        for (const { id, actual } of labels) {
          const { numUpdatedRows } = await transaction
            .updateTable("labelQueue")
            .set({ labelledAt: now, label: actual })
            .where("model", "=", model)
            .where("prediction", "=", id)
            .executeTakeFirst();
          queued += Number(numUpdatedRows);
        }
        return { ...receipt, queued };
      }),
    async chosenOnPurpose(model) {
      const rows = await db
        .selectFrom("labelQueue")
        .select("prediction")
        .where("model", "=", model)
        .where("reason", "!=", "random")
        .where("labelledAt", "is not", null)
        .execute();
      return new Set(rows.map(({ prediction }) => prediction));
    },
  };
}

function offer(
  db: Kysely<Tables>,
  model: string,
  candidates: readonly LabelCandidate[],
  places: Readonly<Record<LabelReason, number>>,
): ReturnType<LabelQueue["offer"]> {
  return db.transaction().execute(async (transaction) => {
    const rows = await transaction
      .selectFrom("labelQueue")
      .select(["prediction", "content", "reason", "score", "exportedAt", "labelledAt", "skippedAt"])
      .where("model", "=", model)
      .execute();
    const queued = new Map(rows.map((row) => [row.prediction, row]));
    const contents = new Set(rows.map(({ content }) => content));
    const [taken, removed, moved]: [LabelCandidate[], string[], LabelCandidate[]] = [[], [], []];
    for (const reason of LABEL_REASONS) {
      const waiting = rows.filter(
        (row) => row.reason === reason && isWaiting(row) && !moved.some(({ id }) => id === row.prediction),
      );
      const own = candidates.filter((one) => one.reason === reason);
      const fresh = withoutRepeats(
        own.filter(({ id, content }) => !queued.has(id) && !contents.has(content)),
      );
      const kept = new Set(
        [...waiting.map(({ prediction: id, score }) => ({ id, score })), ...fresh]
          .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
          .slice(0, places[reason])
          .map(({ id }) => id),
      );
      removed.push(...waiting.map(({ prediction }) => prediction).filter((id) => !kept.has(id)));
      for (const one of fresh.filter(({ id }) => kept.has(id))) {
        taken.push(one);
        contents.add(one.content);
      }
      // What chance draws counts as drawn, also where it was asked about for another reason before.
      if (reason === "random")
        moved.push(...own.filter(({ id }) => queued.has(id) && queued.get(id)!.reason !== reason));
    }
    for (let start = 0; start < removed.length; start += BOUND)
      await transaction
        .deleteFrom("labelQueue")
        .where("model", "=", model)
        .where("prediction", "in", removed.slice(start, start + BOUND))
        .execute();
    for (const { id: prediction, document, ...rest } of taken) {
      const row = { ...rest, model, prediction, documentJson: toJson(document) };
      await transaction
        .insertInto("labelQueue")
        .values({ ...row, exportedAt: null, labelledAt: null, label: null, skippedAt: null })
        .execute();
    }
    for (const { id, reason, score } of moved)
      await transaction
        .updateTable("labelQueue")
        .set({ reason, score })
        .where("model", "=", model)
        .where("prediction", "=", id)
        .execute();
    return { added: taken.length, removed: removed.length };
  });
}

type Marks = Pick<Tables["labelQueue"], "exportedAt" | "labelledAt" | "skippedAt">;
const isWaiting = (row: Marks): boolean => stateOf(row) === "waiting";

/** Of candidates that are the same row the best one. */
function withoutRepeats(candidates: readonly LabelCandidate[]): LabelCandidate[] {
  const seen = new Set<string>();
  return candidates
    .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .filter(({ content }) => {
      const isNew = !seen.has(content);
      seen.add(content);
      return isNew;
    });
}

async function list(
  db: Kysely<Tables>,
  model: string,
  states: readonly LabelState[] | undefined,
  limit: number,
): Promise<readonly LabelItem[]> {
  const rows = await db
    .selectFrom("labelQueue")
    .selectAll()
    .where("model", "=", model)
    .orderBy("predictedAt")
    .orderBy("prediction")
    .execute();
  return rows
    .map(toItem)
    .filter(({ state }) => !states || states.includes(state))
    .slice(0, limit);
}

function toItem(row: Tables["labelQueue"]): LabelItem {
  const { inputs, prediction } = fromJson<Document>(
    row.documentJson,
    `queued prediction ${row.prediction}`,
  ) as { inputs: Record<string, unknown>; prediction: string };
  const { version, reason, score, predictedAt, label } = row;
  return {
    ...{
      id: row.prediction,
      version,
      reason,
      score,
      state: stateOf(row),
      prediction,
      inputs,
      predictedAt,
      label,
    },
  };
}

function stateOf({ labelledAt, skippedAt, exportedAt }: Marks): LabelState {
  if (labelledAt !== null) return "labelled";
  if (skippedAt !== null) return "skipped";
  return exportedAt === null ? "waiting" : "exported";
}

async function counts(db: Kysely<Tables>, model: string): Promise<Record<LabelState, number>> {
  const known = { waiting: 0, exported: 0, labelled: 0, skipped: 0 };
  const rows = await db
    .selectFrom("labelQueue")
    .select(["exportedAt", "labelledAt", "skippedAt"])
    .where("model", "=", model)
    .execute();
  for (const row of rows) known[stateOf(row)] += 1;
  return known;
}
