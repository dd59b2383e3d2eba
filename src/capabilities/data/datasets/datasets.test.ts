import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentHashes, distinctHashes, openTable, readFrame } from "../../../engines/table/index.js";
import type { Dataset } from "../../../foundation/contracts/store.js";
import { inferSchema } from "../kinds/index.js";
import { openSource } from "../sources/index.js";
import {
  compareDatasets,
  type DatasetHome,
  describeDataset,
  type OpenedDataset,
  openDataset,
  saveDataset,
} from "./index.js";

let folder: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-test-"));
  mkdirSync(join(folder, "blobs"));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

const home = (): DatasetHome => ({
  blobs: {
    async putFile(path) {
      const content = readFileSync(path);
      const hash = createHash("sha256").update(content).digest("hex");
      copyFileSync(path, join(folder, "blobs", hash));
      return { hash, bytes: content.length };
    },
    localFile: async (hash) => join(folder, "blobs", hash),
  },
  datasets: { add: async (dataset): Promise<Dataset> => ({ ...dataset, createdAt: 0 }) },
});

async function content(name: string, text: string) {
  writeFileSync(join(folder, name), text);
  const { table, sources } = await openSource(
    name,
    {},
    { threads: 2, baseFolder: folder, temporaryFolder: folder },
  );
  closing.push(() => table.close());
  return { table, sources, schema: (await inferSchema(table)).columns };
}
async function version(name: string, text: string): Promise<OpenedDataset> {
  const opened = await content(name, text);
  return { ...opened, document: await describeDataset(opened) };
}

const rows = Array.from({ length: 200 }, (_, i) => ({
  id: `r${i}`,
  amount: i % 7 === 0 ? null : i * 1.5,
  city: ["Paris", "北京", "Lima"][i % 3],
  joined: new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10),
  member: i % 2 === 0,
}));
type Row = (typeof rows)[number];
const csv = (some: readonly Row[], decimals = "") =>
  `id,amount,city,joined,member\n${some
    .map((row) =>
      [
        row.id,
        row.amount === null ? "NA" : `${row.amount}${Number.isInteger(row.amount) ? decimals : ""}`,
        row.city,
        row.joined,
        row.member ? "Yes" : "No",
      ].join(","),
    )
    .join("\n")}\n`;

describe("dataset versions", () => {
  it("have one name whatever the file's format, another for any other content", async () => {
    const jsonl = rows.map((row) => JSON.stringify(row)).join("\n");
    const documents = [
      (await version("a.csv", csv(rows))).document,
      (await version("b.csv", csv(rows, ".0").replaceAll(",", ";"))).document,
      (await version("c.jsonl", jsonl)).document,
    ];
    expect(new Set(documents.map((document) => document.id)).size).toBe(1);
    const changed = rows.map((row, i) => (i === 199 ? { ...row, city: "Lima " + "x" } : row));
    expect((await version("d.csv", csv(changed))).document.id).not.toBe(documents[0]!.id);
    expect((await version("e.csv", csv([...rows].reverse()))).document.id).not.toBe(documents[0]!.id);
  });

  it("come back from a store as they went in", async () => {
    const original = await content("a.csv", csv(rows));
    const store = home();
    const saved = await saveDataset(original, "members", store);
    expect(saved).toMatchObject({ name: "members", rows: 200, columns: 5 });
    const opened = await openDataset(saved, store.blobs, { threads: 1, temporaryFolder: folder });
    closing.push(() => opened.table.close());
    expect(await readFrame(opened.table, opened.schema)).toEqual(
      await readFrame(original.table, original.schema),
    );
    expect((await describeDataset({ ...opened, sources: original.sources })).id).toBe(saved.id);
    await expect(openDataset({ ...saved, document: {} }, store.blobs, { threads: 1 })).rejects.toMatchObject({
      code: "STORE_DAMAGED",
    });
  });

  it("identify rows whatever their order, and tell equal rows apart", async () => {
    const some = [...rows, rows[3]!, rows[3]!];
    const forward = await content("a.csv", csv(some));
    const backward = await content("b.csv", csv([...some].reverse()));
    const [left, right] = await Promise.all(
      [forward, backward].map(async ({ table, schema }) =>
        distinctHashes((await contentHashes(table, schema)).hashes),
      ),
    );
    expect(new Set(left).size).toBe(202);
    expect([...left!].sort()).toEqual([...right!].sort());
    expect(left![5]).toBe(right![some.length - 1 - 5]);
  });

  it("compare by rows, schema and distribution", async () => {
    const before = await version("a.csv", csv(rows));
    const later = rows.slice(20).map((row) => ({
      ...row,
      amount: row.amount === null ? null : row.amount * (row.id === "r30" ? 100 : 1),
    }));
    const more = Array.from({ length: 300 }, (_, i) => ({ ...rows[1]!, id: `n${i}`, amount: 10_000 + i }));
    const after = await version("b.csv", csv([...later, ...more]).replace("joined", "since"));
    const comparison = await compareDatasets(before, after, { id: "id" });
    expect(comparison.rows).toEqual({
      before: 200,
      after: 480,
      added: 300,
      removed: 20,
      changed: 1,
      unchanged: 179,
      matchedBy: ["id"],
    });
    expect(comparison.schema).toEqual({ added: ["since"], removed: ["joined"], changed: [] });
    expect(comparison.distributions[0]).toMatchObject({ column: "amount" });
    expect(comparison.distributions[0]!.psi).toBeGreaterThan(1);
    expect(comparison.distributions[0]!.ks).toBeGreaterThan(0.5);
    const same = await compareDatasets(before, before);
    expect(same.rows).toMatchObject({ added: 0, removed: 0, unchanged: 200 });
    expect(same.distributions.every((change) => change.psi === 0)).toBe(true);
    await expect(compareDatasets(before, after, { id: "joined" })).rejects.toMatchObject({
      code: "DATA_COLUMN_UNKNOWN",
    });
  });

  it("open as a table of any storage", async () => {
    writeFileSync(join(folder, "v.jsonl"), '{"v":[1,2],"t":true}\n{"v":[3,4],"t":null}\n');
    const table = await openTable(
      { format: "jsonl", files: [{ path: join(folder, "v.jsonl") }] },
      { threads: 1, temporaryFolder: folder },
    );
    closing.push(() => table.close());
    const { columns: schema } = await inferSchema(table);
    expect(schema.map((column) => column.kind)).toEqual(["vector", "boolean"]);
    const document = await describeDataset({ table, schema, sources: [] });
    expect(document.columns.map((column) => column.missing)).toEqual([0, 1]);
  });
});
