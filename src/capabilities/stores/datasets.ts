import type { Kysely } from "kysely";
import { QuernError } from "../../foundation/base/errors.js";
import type { Dataset, DatasetStore, StoredSplit } from "../../foundation/contracts/store.js";
import { type Backend, blobsUsed, useBlobs } from "./backend.js";
import { fromJson, toJson } from "./documents.js";
import { pageLimit, parsePosition, toPage } from "./paging.js";
import type { Tables } from "./tables.js";

const SUMMARY = ["id", "name", "rows", "columns", "createdAt"] as const;

export function createDatasets({ db, clock }: Backend): DatasetStore {
  return {
    add: (dataset) =>
      db.transaction().execute(async (transaction) => {
        const known = await transaction
          .selectFrom("datasets")
          .select("id")
          .where("id", "=", dataset.id)
          .executeTakeFirst();
        if (!known) {
          const { document, blobs, ...summary } = dataset;
          const row = { ...summary, documentJson: toJson(document), createdAt: clock.now() };
          await transaction.insertInto("datasets").values(row).execute();
          await useBlobs(transaction, "dataset", dataset.id, blobs);
        }
        return readDataset(transaction, dataset.id);
      }),
    get: async (reference) => readDataset(db, await resolveDataset(db, reference)),
    list: (page = {}) => listDatasets(db, page),
    addSplit: (split) =>
      db.transaction().execute(async (transaction) => {
        const { config, ...rest } = split;
        const row = { ...rest, configJson: toJson(config), createdAt: clock.now() };
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto("splits")
          .values(row)
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        if (numInsertedOrUpdatedRows) {
          await useBlobs(transaction, "split", split.id, { assignment: split.blob });
        }
        const stored = transaction.selectFrom("splits").selectAll().where("id", "=", split.id);
        return toSplit(await stored.executeTakeFirstOrThrow());
      }),
    async splits(dataset) {
      const rows = db.selectFrom("splits").selectAll().where("dataset", "=", dataset);
      return (await rows.orderBy("createdAt").orderBy("id").execute()).map(toSplit);
    },
    openTest: (opening) =>
      db.transaction().execute(async (transaction) => {
        const openings = transaction.selectFrom("testOpenings").where("split", "=", opening.split);
        const earlier = await openings
          .select(["split", "run", "purpose", "openedAt"])
          .orderBy("number")
          .execute();
        const added = { ...opening, openedAt: clock.now() };
        await transaction
          .insertInto("testOpenings")
          .values({ ...added, number: earlier.length })
          .execute();
        return [...earlier, added];
      }),
  };
}

async function listDatasets(db: Kysely<Tables>, page: Parameters<DatasetStore["list"]>[0] & object) {
  const limit = pageLimit(page);
  const after = parsePosition(page);
  let query = db.selectFrom("datasets").select(SUMMARY);
  if (page.name !== undefined) query = query.where("name", "=", page.name);
  if (after) {
    query = query.where((e) =>
      e.or([
        e("createdAt", "<", after.time),
        e.and([e("createdAt", "=", after.time), e("id", "<", after.id)]),
      ]),
    );
  }
  const rows = await query
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return toPage(rows, limit, ({ createdAt, id }) => ({ time: createdAt, id }));
}

async function resolveDataset(db: Kysely<Tables>, reference: string): Promise<string> {
  const datasets = db.selectFrom("datasets").select("id").orderBy("createdAt", "desc").orderBy("id", "desc");
  const byName = await datasets.where("name", "=", reference).limit(1).executeTakeFirst();
  if (byName) return byName.id;
  if (/^[0-9a-f]{6,64}$/.test(reference)) {
    // A range, unlike LIKE, uses the primary key whatever the collation.
    const matches = await datasets
      .where("id", ">=", reference)
      .where("id", "<=", `${reference}g`)
      .limit(2)
      .execute();
    if (matches.length === 1) return matches[0]!.id;
    if (matches.length > 1) throw notFound(reference, "is the beginning of several dataset ids");
  }
  throw notFound(reference, "is neither the name nor the id of a dataset");
}

async function readDataset(db: Kysely<Tables>, id: string): Promise<Dataset> {
  const row = await db.selectFrom("datasets").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) throw notFound(id, "is not the id of a dataset");
  const { documentJson, ...summary } = row;
  return {
    ...summary,
    document: fromJson(documentJson, `dataset ${id}`),
    blobs: await blobsUsed(db, "dataset", id),
  };
}

function toSplit({ configJson, ...rest }: Tables["splits"]): StoredSplit {
  return { ...rest, config: fromJson(configJson, `split ${rest.id}`) };
}

function notFound(reference: string, why: string): QuernError {
  return new QuernError("DATASET_NOT_FOUND", `${JSON.stringify(reference)} ${why}.`, {
    details: { reference },
  });
}
