import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { workbook } from "../../../../test/fixtures/workbook.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { SourceOptions } from "../../../foundation/contracts/source.js";
import { openSource } from "./index.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function read(content: string | Uint8Array | readonly string[], options: SourceOptions = {}) {
  const parts = Array.isArray(content) ? (content as string[]) : [content as string | Uint8Array];
  const names = parts.map((part, index) => {
    const name = `data-${index}.${typeof part === "string" ? "csv" : "xlsx"}`;
    writeFileSync(join(folder, name), part);
    return name;
  });
  const context = { threads: 2, temporaryFolder: folder, baseFolder: folder };
  const { table, notes } = await openSource(names, options, context);
  const columns = table.columns.map(({ name }) => name);
  const rows = await table.query("SELECT * FROM data ORDER BY rowid");
  await table.close();
  return {
    columns,
    rows: rows.map((row) => columns.map((name) => row[name])),
    notes: notes.map(({ id }) => id),
    messages: notes.map(({ message }) => message).join("\n"),
  };
}

const TABLE = {
  columns: ["a", "b", "c"],
  rows: [
    [1, "x", 2],
    [3, "y", 4],
  ],
};

describe("lines above the header", () => {
  it.each([
    ["a title and a blank line", "Report of 2024\n\na,b,c\n1,x,2\n3,y,4\n"],
    ["a title with commas above semicolons", "Sales, costs, all regions\n\na;b;c\n1;x;2\n3;y;4\n"],
    ["a spreadsheet's padding", "Report of 2024,,\nMade 2024-02-01,,\n,,\na,b,c\n1,x,2\n3,y,4\n"],
    ["comments", "# from: station 7\n# units: m, s, kg, K\na,b,c\n1,x,2\n3,y,4\n"],
    ["line ends of Windows", "报表\r\n日期：2024\r\na,b,c\r\n1,x,2\r\n3,y,4\r\n"],
    ["a title without a gap", "Report of 2024\na\tb\tc\n1\tx\t2\n3\ty\t4\n"],
  ])("%s are left out, with a note", async (_, content) => {
    const found = await read(content);
    expect(found).toMatchObject(TABLE);
    expect(found.notes).toEqual(["lines-skipped"]);
    expect(found.messages).toMatch(
      /^The header of data-0\.csv is in line \d; the .*lines? above it (was|were) left out\. `--skip-lines`/,
    );
  });

  it("years are names of columns", async () => {
    const found = await read(
      '"Data Source","Indicators",\n\nCountry,Code,2001,2002,2003,2004\nA,B,1,2,3,4\nC,D,5,6,7,8\n',
    );
    expect(found.columns).toEqual(["Country", "Code", "2001", "2002", "2003", "2004"]);
  });

  it.each([
    ["a short first row of data", "a,b,c\nx,,\ny,u,w\nz,u,v\n", ["a", "b", "c"]],
    ["one column of texts", "note\nhello; you\nbye; you\n", ["note"]],
    ["a header that begins like a comment", "#a,b\n1,x\n2,y\n", ["#a", "b"]],
    [
      "a group title above sub-titles",
      "Sales,,Costs,\nQ1,Q2,Q3,Q4\n1,2,3,4\n5,6,7,8\n",
      ["Sales", "column2", "Costs", "column4"],
    ],
  ])("%s are none", async (_, content, columns) => {
    const found = await read(content);
    expect(found.columns).toEqual(columns);
    expect(found.notes).not.toContain("lines-skipped");
  });

  it("each file of a table may have its own", async () => {
    const found = await read(["Report\n\na,b,c\n1,x,2\n", "Another report\nof May\n\na,b,c\n3,y,4\n"]);
    expect(found).toMatchObject(TABLE);
  });

  it("are as many as the user says, in lines of a text and rows of a sheet", async () => {
    expect(await read("k,l,m\n7,8,9\na,b,c\n1,x,2\n3,y,4\n", { skipLines: 2 })).toMatchObject({
      ...TABLE,
      notes: [],
    });
    const sheet = workbook([
      ["k", "l", "m"],
      [null, null, null],
      [7, 8, 9],
      ["a", "b", "c"],
      [1, "x", 2],
      [3, "y", 4],
    ]);
    expect(await read(sheet, { skipLines: 3 })).toMatchObject({ ...TABLE, notes: [] });
  });

  it("of a sheet are found as well", async () => {
    const sheet = workbook([["Report of 2024"], [null], ["a", "b", "c"], [1, "x", 2], [3, "y", 4]]);
    expect(await read(sheet)).toMatchObject({ ...TABLE, notes: ["lines-skipped"] });
  });

  it("are none where the user says that no line names the columns", async () => {
    const found = await read("1,x,2\n3,y,4\n", { header: false });
    expect(found).toMatchObject({ columns: ["column1", "column2", "column3"], rows: TABLE.rows });
  });
});

describe("a header within the rows", () => {
  it.each([
    ["seen at the beginning", "a,b,c\n1,x,2\na,b,c\n3,y,4\n"],
    ["of two joined files with a name in quotes", '"a",b,c\n1,x,2\n"a","b",c\na,b,c\n3,y,4\n'],
  ])("%s is left out, and numbers stay numbers", async (_, content) => {
    expect(await read(content)).toMatchObject({ ...TABLE, notes: ["header-repeated"] });
  });

  it("is found far behind the rows that tell the kinds, and among texts and years", async () => {
    const many = "1,x,2\n".repeat(3000);
    const found = await read(`a,b,c\n${many}a,b,c\n${many}`);
    expect(found.rows.length).toBe(6000);
    expect(found.messages).toMatch(/1 row repeats the header of data-0\.csv/);
    expect((await read("p,q\nx,y\np,q\nu,v\n")).rows).toEqual([
      ["x", "y"],
      ["u", "v"],
    ]);
    expect((await read("land,2001,2002,2003\nx,1,2,5\nland,2001,2002,2003\nu,3,4,6\n")).rows).toEqual([
      ["x", 1, 2, 5],
      ["u", 3, 4, 6],
    ]);
  });

  it("is data where there is one column alone", async () => {
    expect((await read("word\ntree\nword\n", { header: true })).rows).toEqual([["tree"], ["word"]]);
  });
});

describe("numbers beyond a double", () => {
  it("are missing, with a note, and the column stays one of numbers", async () => {
    const found = await read("v,w\n1e400,a\n2,b\n3.5,c\n-1e999,d\n5,e\n");
    expect(found.rows.map(([value]) => value)).toEqual([null, 2, 3.5, null, 5]);
    expect(found.messages).toBe(
      '2 numbers are beyond the range of a double (1.8e308) in "v" and counted as missing.',
    );
  });

  it("are texts where they are most of a column", async () => {
    expect((await read("v,w\n1e400,1\n2e500,1e999\n3,3\n")).rows).toEqual([
      ["1e400", 1],
      ["2e500", null],
      ["3", 3],
    ]);
  });
});

describe("an encoding that the user names", () => {
  it("is refused for a file that is surely UTF-8", async () => {
    const wrong = await read("名,值\n甲,1\n乙,2\n", { encoding: "gbk" }).catch((cause: unknown) => cause);
    expect(QuernError.is(wrong) && wrong.code).toBe("DATA_ENCODING");
    expect(String(wrong)).toMatch(/data-0\.csv is written in UTF-8, not in gbk/);
    await expect(read("name,v\ncafé,1\n", { encoding: "utf-8" })).resolves.toMatchObject({
      rows: [["café", 1]],
    });
  });
});

describe("bytes without a mark", () => {
  const open = async (bytes: Uint8Array) => {
    writeFileSync(join(folder, "bytes.csv"), bytes);
    const { table, sources } = await openSource("bytes.csv", {}, { threads: 2, baseFolder: folder });
    const rows = await table.query("SELECT * FROM data ORDER BY rowid");
    await table.close();
    return { rows, encoding: sources[0]!.encoding };
  };

  it.each(["utf-16le", "utf-16be"])("are %s although nearly all of them are Chinese", async (encoding) => {
    const place = "北京市东城区长安街一号";
    const lines = Array.from({ length: 40 }, (_, i) => `${i},${place}${place}`);
    const bytes = Buffer.from(`n,地址\n${lines.join("\n")}\n`, "utf16le");
    const found = await open(encoding === "utf-16be" ? bytes.swap16() : bytes);
    expect(found.encoding).toBe(encoding);
    expect(found.rows[39]).toEqual({ n: 39, 地址: `${place}${place}` });
  });

  it("of two encodings in one file are named with the line where the second begins", async () => {
    const gbk = Buffer.from("c9cfbaa32c310a", "hex");
    const mixed = open(Buffer.concat([Buffer.from("城市,n\n北京,1\n广州,2\n"), gbk]));
    await expect(mixed).rejects.toThrow(/bytes\.csv, line 4: the line is no UTF-8.*mixes encodings/);
  });
});
