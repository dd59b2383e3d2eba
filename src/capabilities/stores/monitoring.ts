import type { Kysely } from "kysely";
import { groupsOf } from "../../foundation/base/groups.js";
import type { Document } from "../../foundation/contracts/document.js";
import type {
  AlertChanges,
  AlertCondition,
  AlertRecord,
  Decision,
  Feedback,
  FeedbackReceipt,
  MonitoringStore,
  PredictionSegment,
} from "../../foundation/contracts/monitoring-store.js";
import { type Backend, useBlobs } from "./backend.js";
import { fromJson, toJson } from "./documents.js";
import type { Tables } from "./tables.js";

/** Ids bound in one statement. */
const BOUND = 500;

export function createMonitoring(backend: Backend): MonitoringStore {
  const { db } = backend;
  return {
    addSegments: (source, segments) => addSegments(backend, source, segments),
    segments: (query) => listSegments(db, query),
    expire: (before) => expire(backend, before),
    addFeedback: (model, feedback) => addFeedback(backend, model, feedback),
    feedbackFor: (model, ids) => feedbackFor(db, model, ids),
    async feedbackRows(model) {
      const { count } = await db
        .selectFrom("feedback")
        .select((e) => e.fn.countAll<number>().as("count"))
        .where("model", "=", model)
        .executeTakeFirstOrThrow();
      return count;
    },
    reconcileAlerts: (model, conditions, repeatMs) => reconcileAlerts(backend, model, conditions, repeatMs),
    openAlerts: (models) => openAlerts(db, models),
    decide: (decision) => decide(backend, decision),
    decisions: (model, limit = 50) => listDecisions(db, model, limit),
  };
}

// ---- segments ------------------------------------------------------------------------------------------------

function addSegments({ db }: Backend, source: string, segments: readonly PredictionSegment[]): Promise<void> {
  return db.transaction().execute(async (transaction) => {
    const known = transaction.selectFrom("predictionSegments").select("number").where("source", "=", source);
    if (await known.executeTakeFirst()) return;
    for (const [number, { redacted, ...segment }] of segments.entries()) {
      const row = { ...segment, source, number, redactedJson: toJson(redacted) };
      await transaction.insertInto("predictionSegments").values(row).execute();
      await useBlobs(transaction, "predictions", `${source}/${number}`, { segment: segment.blob });
    }
  });
}

async function listSegments(
  db: Kysely<Tables>,
  { model, version, from, to }: Parameters<MonitoringStore["segments"]>[0],
): Promise<readonly PredictionSegment[]> {
  let query = db.selectFrom("predictionSegments").selectAll().where("model", "=", model);
  if (version !== undefined) query = query.where("version", "=", version);
  if (from !== undefined) query = query.where("lastAt", ">=", from);
  if (to !== undefined) query = query.where("firstAt", "<", to);
  const rows = await query.orderBy("firstAt").orderBy("source").orderBy("number").execute();
  return rows.map(({ number, redactedJson, ...segment }) => ({
    ...segment,
    redacted: fromJson<string[]>(redactedJson, `predictions ${segment.source}/${number}`),
  }));
}

/** Blobs that other segments name too stay; the rest are left to `doctor`, as everything unreferenced is. */
function expire({ db }: Backend, before: number): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const old = await transaction
      .selectFrom("predictionSegments")
      .select(["source", "number"])
      .where("lastAt", "<", before)
      .execute();
    for (const { source, number } of old) {
      const uses = transaction.deleteFrom("blobUses").where("ownerKind", "=", "predictions");
      await uses.where("ownerId", "=", `${source}/${number}`).execute();
    }
    await transaction.deleteFrom("predictionSegments").where("lastAt", "<", before).execute();
    await transaction.deleteFrom("feedback").where("receivedAt", "<", before).execute();
    await transaction.deleteFrom("labelQueue").where("predictedAt", "<", before).execute();
    return old.length;
  });
}

// ---- feedback ------------------------------------------------------------------------------------------------

function addFeedback(
  { db, clock }: Backend,
  model: string,
  feedback: readonly Feedback[],
): Promise<FeedbackReceipt> {
  const receivedAt = clock.now();
  return db.transaction().execute((transaction) => writeFeedback(transaction, model, feedback, receivedAt));
}

export async function writeFeedback(
  transaction: Kysely<Tables>,
  model: string,
  feedback: readonly Feedback[],
  receivedAt: number,
): Promise<FeedbackReceipt> {
  const receipt = { added: 0, corrected: 0, repeated: 0 };
  for (const { id: prediction, actual, observedAt } of feedback) {
    const where = transaction
      .selectFrom("feedback")
      .select(["actual", "observedAt"])
      .where("model", "=", model)
      .where("prediction", "=", prediction);
    const known = await where.executeTakeFirst();
    if (!known) {
      const row = { model, prediction, actual, observedAt, receivedAt };
      await transaction.insertInto("feedback").values(row).execute();
      receipt.added += 1;
    } else if (known.actual !== actual && observedAt >= known.observedAt) {
      await transaction
        .updateTable("feedback")
        .set({ actual, observedAt, receivedAt })
        .where("model", "=", model)
        .where("prediction", "=", prediction)
        .execute();
      receipt.corrected += 1;
    } else receipt.repeated += 1;
  }
  return receipt;
}

async function feedbackFor(
  db: Kysely<Tables>,
  model: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Feedback>> {
  const found = new Map<string, Feedback>();
  for (const part of groupsOf(ids, BOUND)) {
    const rows = await db
      .selectFrom("feedback")
      .select(["prediction as id", "actual", "observedAt"])
      .where("model", "=", model)
      .where("prediction", "in", part)
      .execute();
    for (const row of rows) found.set(row.id, row);
  }
  return found;
}

// ---- alerts --------------------------------------------------------------------------------------------------

function reconcileAlerts(
  { db, clock }: Backend,
  model: string,
  conditions: readonly AlertCondition[],
  repeatMs: number,
): Promise<AlertChanges> {
  const now = clock.now();
  return db.transaction().execute(async (transaction) => {
    const rows = await transaction.selectFrom("alerts").selectAll().where("model", "=", model).execute();
    const toNotify: AlertRecord[] = [];
    const open: AlertRecord[] = [];
    for (const condition of conditions) {
      const earlier = rows.filter(({ key }) => key === condition.key);
      const ongoing = earlier.find(({ resolvedAt }) => resolvedAt === null);
      const due = !ongoing || now - ongoing.notifiedAt >= repeatMs;
      const { evidence, ...told } = condition;
      const row: Tables["alerts"] = {
        ...told,
        model,
        evidenceJson: toJson(evidence),
        number: ongoing?.number ?? earlier.length,
        firstAt: ongoing?.firstAt ?? now,
        lastAt: now,
        times: (ongoing?.times ?? 0) + 1,
        notifiedAt: due ? now : ongoing.notifiedAt,
        resolvedAt: null,
      };
      await transaction.replaceInto("alerts").values(row).execute();
      open.push(toAlert(row));
      if (due) toNotify.push(toAlert(row));
    }
    const resolved: AlertRecord[] = [];
    const current = new Set(conditions.map(({ key }) => key));
    for (const row of rows) {
      if (row.resolvedAt !== null || current.has(row.key)) continue;
      await transaction
        .replaceInto("alerts")
        .values({ ...row, resolvedAt: now })
        .execute();
      resolved.push(toAlert({ ...row, resolvedAt: now }));
    }
    return { toNotify, open, resolved };
  });
}

async function openAlerts(db: Kysely<Tables>, models: readonly string[]): Promise<readonly AlertRecord[]> {
  const rows: Tables["alerts"][] = [];
  for (const part of groupsOf(models, BOUND)) {
    const query = db.selectFrom("alerts").selectAll().where("resolvedAt", "is", null);
    rows.push(...(await query.where("model", "in", part).execute()));
  }
  const order = ({ model, key }: Tables["alerts"]): string => `${model}\0${key}`;
  return rows.sort((a, b) => (order(a) < order(b) ? -1 : 1)).map(toAlert);
}

function toAlert({ evidenceJson, number, ...row }: Tables["alerts"]): AlertRecord {
  return { ...row, evidence: fromJson<Document>(evidenceJson, `alert ${row.key} ${number} of ${row.model}`) };
}

// ---- decisions -----------------------------------------------------------------------------------------------

function decide({ db, clock }: Backend, decision: Omit<Decision, "decidedAt">): Promise<Decision> {
  return db.transaction().execute(async (transaction) => {
    const { evidence, ...rest } = decision;
    const { count } = await transaction
      .selectFrom("decisions")
      .select((e) => e.fn.countAll<number>().as("count"))
      .where("model", "=", decision.model)
      .executeTakeFirstOrThrow();
    const row = { ...rest, number: count, evidenceJson: toJson(evidence), decidedAt: clock.now() };
    await transaction.insertInto("decisions").values(row).execute();
    return { ...decision, decidedAt: row.decidedAt };
  });
}

async function listDecisions(db: Kysely<Tables>, model: string, limit: number): Promise<readonly Decision[]> {
  const rows = await db
    .selectFrom("decisions")
    .selectAll()
    .where("model", "=", model)
    .orderBy("number", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ number, evidenceJson, ...row }) => ({
    ...row,
    evidence: fromJson<Document>(evidenceJson, `decision ${number} about ${row.model}`),
  }));
}
