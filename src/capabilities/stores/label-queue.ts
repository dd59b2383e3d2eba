import type { ExpressionBuilder, Kysely } from "kysely";
import { groupsOf } from "../../foundation/base/groups.js";
import type { Document } from "../../foundation/contracts/document.js";
import {
  LABEL_REASONS,
  LABEL_STATES,
  type LabelCandidate,
  type LabelItem,
  type LabelQuery,
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

/** What waits is found in its order, and how much there is counted, without reading the rows themselves. */
export const LABELS_BY_STATE: Migration = {
  id: 7,
  name: "labels by state",
  statements: [
    `create index label_queue_by_state on label_queue (model, labelled_at, skipped_at, exported_at, predicted_at,
      prediction)`,
  ],
};

/** Ids bound in one statement. */
const BOUND = 500;
/** Rows written in one statement. */
const ROWS_AT_ONCE = 100;

export function createLabelQueue(backend: Backend): LabelQueue {
  const { db, clock } = backend;
  return {
    offer: (model, candidates, places) => offer(db, model, candidates, places),
    list: (model, query = {}) => list(db, model, query),
    counts: (model) => counts(db, model),
    async markExported(model, ids) {
      const exportedAt = clock.now();
      await db.transaction().execute(async (transaction) => {
        for (const part of groupsOf(ids, BOUND))
          await transaction
            .updateTable("labelQueue")
            .set({ exportedAt })
            .where("model", "=", model)
            .where("prediction", "in", part)
            .execute();
      });
    },
    async skip(model, ids) {
      const skippedAt = clock.now();
      return db.transaction().execute(async (transaction) => {
        let skipped = 0;
        for (const part of groupsOf(ids, BOUND)) {
          const { numUpdatedRows } = await transaction
            .updateTable("labelQueue")
            .set({ skippedAt })
            .where("model", "=", model)
            .where("labelledAt", "is", null)
            .where("skippedAt", "is", null)
            .where("prediction", "in", part)
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
    const movedIds = new Set<string>();
    const [taken, removed, moved]: [LabelCandidate[], string[], LabelCandidate[]] = [[], [], []];
    for (const reason of LABEL_REASONS) {
      const waiting = rows.filter(
        (row) => row.reason === reason && isWaiting(row) && !movedIds.has(row.prediction),
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
      if (reason !== "random") continue;
      for (const one of own.filter(({ id }) => queued.has(id) && queued.get(id)!.reason !== reason)) {
        moved.push(one);
        movedIds.add(one.id);
      }
    }
    for (const part of groupsOf(removed, BOUND))
      await transaction
        .deleteFrom("labelQueue")
        .where("model", "=", model)
        .where("prediction", "in", part)
        .execute();
    const fresh = { model, exportedAt: null, labelledAt: null, label: null, skippedAt: null };
    for (const part of groupsOf(taken, ROWS_AT_ONCE)) {
      const values = part.map(({ id: prediction, document, ...rest }) => {
        return { ...rest, ...fresh, prediction, documentJson: toJson(document) };
      });
      await transaction.insertInto("labelQueue").values(values).execute();
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
  { states = LABEL_STATES, unanswered = false, limit, from = "oldest" }: LabelQuery,
): Promise<readonly LabelItem[]> {
  const direction = from === "oldest" ? "asc" : "desc";
  let query = db
    .selectFrom("labelQueue")
    .selectAll()
    .where("model", "=", model)
    .where((where) => where.or(states.map((state) => isIn(state, where))))
    .orderBy("predictedAt", direction)
    .orderBy("prediction", direction);
  if (unanswered)
    query = query.where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("feedback")
            .select("feedback.prediction")
            .where("feedback.model", "=", model)
            .whereRef("feedback.prediction", "=", "labelQueue.prediction"),
        ),
      ),
    );
  if (limit !== undefined) query = query.limit(limit);
  const items = (await query.execute()).map(toItem);
  return from === "oldest" ? items : items.reverse();
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

/** As `stateOf`, where the rows are. */
function isIn(state: LabelState, where: ExpressionBuilder<Tables, "labelQueue">) {
  if (state === "labelled") return where("labelledAt", "is not", null);
  const isUnlabelled = where("labelledAt", "is", null);
  if (state === "skipped") return isUnlabelled.and("skippedAt", "is not", null);
  return isUnlabelled
    .and("skippedAt", "is", null)
    .and("exportedAt", state === "waiting" ? "is" : "is not", null);
}

function stateOf({ labelledAt, skippedAt, exportedAt }: Marks): LabelState {
  if (labelledAt !== null) return "labelled";
  if (skippedAt !== null) return "skipped";
  return exportedAt === null ? "waiting" : "exported";
}

async function counts(db: Kysely<Tables>, model: string): Promise<Record<LabelState, number>> {
  const counted = await db
    .selectFrom("labelQueue")
    .select((select) =>
      LABEL_STATES.map((state) => select.fn.countAll<number>().filterWhere(isIn(state, select)).as(state)),
    )
    .where("model", "=", model)
    .executeTakeFirstOrThrow();
  return counted;
}
