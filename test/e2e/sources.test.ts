/** The same rows in every kind of source, through the command line: `quern profile` says the same of each. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeDataset } from "../../src/capabilities/data/datasets/describe-dataset.js";
import { openTable, writeParquet } from "../../src/engines/table/index.js";
import { openLocation } from "../../src/workflows/load/open-data.js";
import { decideSchema } from "../../src/workflows/load/schema.js";
import { resolveProject } from "../../src/workflows/project/project-file.js";
import { quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
afterAll(remove);

const NAMES = ["order", "city", "amount", "day", "paid", "serial", "starts", "lasts", "note"];
const CITIES = ["北京", "上海", "New York, NY"];
type Cell = string | number | null;
const ROWS: readonly Cell[][] = Array.from({ length: 60 }, (_, i) => [
  ...[`A${1000 + i * 7}`, CITIES[((i * 5) % 7) % 3]!, i % 9 === 4 ? null : ((i * 37) % 101) / 4 - 3],
  ...[`2024-0${1 + (i % 9)}-${10 + (i % 17)}`, i % 3 === 0 ? "yes" : "no"],
  // Beyond 2^53, where neighbours are one double.
  String(9_007_199_254_740_993n + BigInt(i % 40)),
  ...[`${7 + (i % 12)}:${10 + (i % 50)}`, i % 11 === 3 ? null : `1:${10 + (i % 7)}:0${i % 10}`],
  i % 8 === 1 ? null : `He said "no, ${i}",\nand 上海 stayed; ${"so it went ".repeat(1 + (i % 3))}on.`,
]);

function delimited(delimiter: string, rows: readonly (readonly Cell[])[] = ROWS): string {
  const text = (cell: Cell): string =>
    /[,;\t"\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? "");
  return `${[NAMES, ...rows].map((row) => row.map(text).join(delimiter)).join("\r\n")}\r\n`;
}

const records = ROWS.map((row) => Object.fromEntries(NAMES.map((name, i) => [name, row[i]])));

/** The bytes of a text in GB18030, for which Node has no encoder; beyond ASCII only the cities occur. */
const inGb18030 = (text: string): Buffer =>
  Buffer.from(text.replaceAll("北京", "\xb1\xb1\xbe\xa9").replaceAll("上海", "\xc9\xcf\xba\xa3"), "latin1");

function workbook(): Uint8Array {
  const text = (content: string) =>
    new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>${content}`);
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"';
  const cell = (value: Cell, row: number, column: number): string => {
    const place = `r="${String.fromCharCode(65 + column)}${row + 1}"`;
    if (value === null) return "";
    if (typeof value === "number") return `<c ${place}><v>${value}</v></c>`;
    return `<c ${place} t="inlineStr"><is><t>${value}</t></is></c>`;
  };
  const rows = [NAMES, ...ROWS].map(
    (row, i) => `<row r="${i + 1}">${row.map((value, k) => cell(value, i, k)).join("")}</row>`,
  );
  return zipSync({
    "xl/workbook.xml": text(
      `<workbook ${main} xmlns:r="${office}"><sheets><sheet name="Orders" sheetId="1" r:id="r1"/></sheets></workbook>`,
    ),
    "xl/_rels/workbook.xml.rels": text(
      `<Relationships ${relations}><Relationship Id="r1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    ),
    "xl/worksheets/sheet1.xml": text(
      `<worksheet ${main}><sheetData>${rows.join("")}</sheetData></worksheet>`,
    ),
  });
}

async function parquet(): Promise<void> {
  const table = await openTable(
    { format: "delimited", files: [{ path: join(folder, "comma.csv") }] },
    { threads: 1, temporaryFolder: folder },
  );
  copyFileSync(await writeParquet(table), join(folder, "data.parquet"));
  await table.close();
}

const FILES: Readonly<Record<string, string | Uint8Array>> = {
  "comma.csv": delimited(","),
  "semicolon.csv": delimited(";"),
  "data.tsv": delimited("\t"),
  "marked.csv": `\ufeff${delimited(",")}`,
  "chinese.csv": inGb18030(delimited(",")),
  "utf-16.csv": Buffer.from(`\ufeff${delimited(",")}`, "utf16le"),
  "data.json": JSON.stringify(records),
  "data.jsonl": records.map((record) => JSON.stringify(record)).join("\n"),
  "data.xlsx": workbook(),
  "packed.csv.gz": gzipSync(delimited(",")),
  "parts/1.csv": delimited(",", ROWS.slice(0, 20)),
  "parts/2.csv": delimited(",", ROWS.slice(20)),
};

/** The name of the content: one dataset version, whatever file it came from. */
async function contentId(source: string): Promise<string> {
  const { signal } = new AbortController();
  const data = await openLocation(source, {}, { folder, threads: 1, signal, allowedHosts: [] });
  try {
    const { columns: schema } = await decideSchema(data, resolveProject({}));
    const { id } = await describeDataset({ table: data.table, schema, sources: data.sources });
    return id;
  } finally {
    await data.close();
  }
}

/** What does not depend on how the rows came: all but the words for why a kind was chosen. */
async function figures(source: string, input = ""): Promise<unknown> {
  const outcome = await quern(["profile", source, "--json", "--threads", "1"], { cwd: folder, input });
  expect(outcome.stderr).not.toMatch(/error/i);
  expect(outcome.code).toBe(0);
  const profile = outcome.json();
  for (const column of profile.columns) delete column.reason;
  return profile;
}

let expected: unknown;
let expectedId: string;
beforeAll(async () => {
  for (const [name, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  await parquet();
  expected = await figures("comma.csv");
  expectedId = await contentId("comma.csv");
});

test("a CSV file has the figures it was made with", () => {
  const amounts = ROWS.map((row) => row[2]).filter((cell) => cell !== null) as number[];
  expect(expected).toMatchObject({
    rows: 60,
    columns: [
      { name: "order", kind: "id", unique: 60 },
      { name: "city", kind: "category", unique: 3, missing: 0 },
      {
        ...{ name: "amount", kind: "number", count: amounts.length },
        number: { min: Math.min(...amounts), max: Math.max(...amounts) },
      },
      { name: "day", kind: "datetime" },
      { name: "paid", kind: "boolean" },
      { name: "serial", unique: 40 },
      { name: "starts", kind: "number", missing: 0 },
      { name: "lasts", kind: "number", missing: 6 },
      { name: "note", kind: "text" },
    ],
  });
});

test.each([
  ...["semicolon.csv", "data.tsv", "marked.csv", "chinese.csv", "utf-16.csv", "data.json", "data.jsonl"],
  ...["data.xlsx", "packed.csv.gz", "data.parquet", "parts", "parts/*.csv"],
])("%s", async (source) => {
  expect(await figures(source)).toEqual(expected);
  expect(await contentId(source)).toBe(expectedId);
});

test("standard input", async () => {
  expect(await figures("-", delimited(","))).toEqual(expected);
});
