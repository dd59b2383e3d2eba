import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { convertColumns, openTable, quoteIdentifier, readFrame } from "./index.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): { path: string; name: string } {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path, name };
}

const delimited = (content: string) => ({ format: "delimited", files: [file("data.csv", content)] }) as const;
const options = () => ({ threads: 2, temporaryFolder: folder });

describe("openTable", () => {
  it("keeps source order in a row column that avoids the user's names", async () => {
    const table = await openTable(delimited("__row,RowId,v\nb,x7,2\na,x8,1\n"), options());
    expect(table.rowColumn).toBe("__row_");
    expect(await table.query(`SELECT v, "RowId", __row_ FROM data ORDER BY __row_ DESC`)).toEqual([
      { v: 1, RowId: "x8", __row_: 1 },
      { v: 2, RowId: "x7", __row_: 0 },
    ]);
    await table.close();
    expect(readdirSync(folder)).toEqual(["data.csv"]);
  });

  it("stores a column called like DuckDB's row number as what it means", async () => {
    const table = await openTable(delimited("rowid,v\n2024-01-02,2\n2023-01-02,1\n"), options());
    const times: ColumnSchema = { name: "rowid", kind: "datetime", reason: "", format: { datetime: "iso" } };
    await convertColumns(table, [times]);
    expect(table.columns).toContainEqual({ name: "rowid", storage: "datetime" });
    expect(await table.query(`SELECT v FROM data ORDER BY rowid`)).toEqual([{ v: 1 }, { v: 2 }]);
    await table.close();
  });

  it("keeps source order in a file that is read by several threads", async () => {
    const rows = 400_000;
    const lines = Array.from(
      { length: rows },
      (_, i) => `r${i},${i % 5 === 0 ? "NA" : i},${"x".repeat(i % 40)}`,
    );
    const table = await openTable(delimited(`key,v,filler\n${lines.join("\n")}\n`), options());
    expect(await table.query("SELECT count(*) AS n FROM data WHERE key <> 'r' || rowid")).toEqual([{ n: 0 }]);
    const frame = await readFrame(table, [{ name: "key", kind: "id", reason: "" }]);
    const keys = (frame.columns.get("key") as { values: readonly string[] }).values;
    expect(keys.every((key, row) => key === `r${row}`)).toBe(true);
    await table.close();
  });

  it("answers queries sent at once, each by what was stored when it was sent", async () => {
    const table = await openTable(delimited("t,v\n2024-01-02,1\n2024-01-03,2\n"), options());
    const typeOf = () =>
      table.query("SELECT DISTINCT typeof(t) AS type, current_setting('TimeZone') AS zone FROM data");
    const sums = () =>
      Promise.all([1, 2, 3, 4, 5].map((k) => table.query(`SELECT sum(v * ${k}) AS s FROM data`)));
    const times: ColumnSchema = { name: "t", kind: "datetime", reason: "", format: { datetime: "iso" } };
    const before = [typeOf(), sums()];
    const conversion = convertColumns(table, [times]);
    const after = [typeOf(), sums()];
    const totals = [3, 6, 9, 12, 15].map((s) => [{ s }]);
    expect(await Promise.all(before)).toEqual([[{ type: "VARCHAR", zone: "UTC" }], totals]);
    expect(await Promise.all(after)).toEqual([[{ type: "TIMESTAMP", zone: "UTC" }], totals]);
    await conversion;
    await table.close();
  });

  it("closes when the queries sent before are answered, and answers none after", async () => {
    const table = await openTable(delimited("v\n1\n2\n"), options());
    const sent = [1, 2, 3].map((k) => table.query(`SELECT sum(v + ${k}) AS s FROM range(1000000), data`));
    await table.close();
    expect(await Promise.all(sent)).toEqual([5, 7, 9].map((s) => [{ s: s * 1_000_000 }]));
    await expect(table.query("SELECT 1 FROM data")).rejects.toThrow("The table is closed.");
  });

  it("stops every running query when it is interrupted", async () => {
    const abort = new AbortController();
    const table = await openTable(delimited("v\n1\n2\n"), { ...options(), signal: abort.signal });
    const endless = "SELECT count(*) AS n FROM range(100000000000) a, data WHERE a.range % 7 = v";
    const sent = [1, 2, 3].map(() => table.query(endless));
    setTimeout(() => abort.abort(), 50);
    for (const outcome of await Promise.allSettled(sent))
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "INTERRUPTED" } });
    await table.close();
    expect(readdirSync(folder)).toEqual(["data.csv"]);
  });

  it("stores a column as numbers only where no text is lost", async () => {
    const table = await openTable(
      delimited(
        "plain,zip,long,spelled,late\n1.50,01234,12345678901234567,1_000,1\nNA,99999,1,5,2\n,5,2,6,x\n",
      ),
      options(),
    );
    expect(table.columns.map((column) => column.storage)).toEqual(["number", "text", "text", "text", "text"]);
    expect(await table.query("SELECT plain FROM data ORDER BY rowid")).toEqual([
      { plain: 1.5 },
      { plain: null },
      { plain: null },
    ]);
    await table.close();
  });

  it.each([
    ["0,1,2,y\n0.5,1,7,a\n1.5,2,8,b\n", ["0", "1", "2", "y"], 2],
    [",0,1,2\n0,0.5,1,7\n1,1.5,2,8\n", ["0", "1", "2"], 2],
    ["1,2,3\n1,2,3\n4,5,6\n", ["column1", "column2", "column3"], 3],
    ["0,1,2\n3,4,5\n6,7,8\n", ["0", "1", "2"], 2],
    ["5,1,2\n3,4,5\n6,7,8\n", ["column1", "column2", "column3"], 3],
  ])("takes numbers that count the columns as their names: %j", async (text, names, rows) => {
    const table = await openTable(delimited(text), options());
    expect(table.columns.map((column) => column.name)).toEqual(expect.arrayContaining(names));
    expect(table.rows).toBe(rows);
    await table.close();
  });

  it.each([
    [",colour,taste\n1,red,sweet\n2,green,sour\n3,red,sour\n", ["column1", "colour", "taste"], 3],
    [",red,sweet\n2,green,sour\n,red,sour\n", ["column1", "column2", "column3"], 3],
  ])(
    "takes an index of rows without a name for one, a value that is missing not: %j",
    async (text, names, rows) => {
      const table = await openTable(delimited(text), options());
      expect(table.columns.map((column) => column.name)).toEqual(names);
      expect(table.rows).toBe(rows);
      await table.close();
    },
  );

  it("answers with columns called like nothing on earth", async () => {
    const names = ["__proto__", 'a"b', "x\ny", "😀", "; DROP TABLE stored; --", "naïve", "select"];
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const table = await openTable(delimited(`${header}\n1,2,3,4,5,6,7\n`), options());
    expect(table.columns.map((column) => column.name)).toEqual(names);
    for (const [index, name] of names.entries()) {
      const [row] = await table.query(`SELECT ${quoteIdentifier(name)} FROM data`);
      expect(Object.entries(row!)).toEqual([[name, index + 1]]);
    }
    await table.close();
  });

  it("opens no other file and loads no extension", async () => {
    const table = await openTable(delimited("a,b\n1,2\n"), options());
    await expect(table.query("SELECT * FROM read_text('/etc/hostname')")).rejects.toThrow(/disabled/);
    await expect(table.query("SET enable_external_access = true")).rejects.toThrow(/locked/);
    await expect(table.query("INSTALL httpfs")).rejects.toThrow();
    await table.close();
  });
});
