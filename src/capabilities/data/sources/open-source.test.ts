import { execFileSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { workbook } from "../../../../test/fixtures/workbook.js";
import { openTable } from "../../../engines/table/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { SourceOptions } from "../../../foundation/contracts/source.js";
import { openSource, type SourceContext } from "./index.js";

let folder: string;
let temporaryFolder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-test-"));
  temporaryFolder = join(folder, ".temporary");
  mkdirSync(temporaryFolder);
});
afterEach(() => {
  expect(readdirSync(temporaryFolder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, content: string | Uint8Array): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
  return name;
}
const context = (more: Partial<SourceContext> = {}): SourceContext => ({
  ...{ threads: 2, temporaryFolder, baseFolder: folder },
  ...more,
});

async function read(
  location: string | string[],
  options: SourceOptions = {},
  more: Partial<SourceContext> = {},
) {
  const { table, sources, notes } = await openSource(location, options, context(more));
  const names = table.columns.map((column) => column.name);
  const rows = await table.query("SELECT * FROM data ORDER BY rowid");
  await table.close();
  return { names, rows: rows.map((row) => names.map((name) => row[name])), sources, notes };
}

async function failure(
  location: string,
  options: SourceOptions = {},
  more: Partial<SourceContext> = {},
): Promise<QuernError> {
  const error = await read(location, options, more).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(QuernError.is(error), `no QuernError: ${error}`).toBe(true);
  return error as QuernError;
}

const CHINESE = "城市,人口\n北京,2189\n上海,2487\n广州,1868\n";
const GB18030_CHINESE = Buffer.from(
  "b3c7cad02cc8cbbfda0ab1b1beA92c323138390ac9cfbaa32c323438370ab9e3d6dd2c313836380a".toLowerCase(),
  "hex",
);
const CHINESE_ROWS = [
  ["北京", 2189],
  ["上海", 2487],
  ["广州", 1868],
];

describe("what a source may be", () => {
  const encodings: [string, Uint8Array][] = [
    ["utf-8", Buffer.from(CHINESE)],
    ["utf-8 with mark", Buffer.from(`\ufeff${CHINESE}`)],
    ["utf-16le with mark", Buffer.from(`\ufeff${CHINESE}`, "utf16le")],
    ["utf-16be with mark", Buffer.from(`\ufeff${CHINESE}`, "utf16le").swap16()],
    ["gb18030", GB18030_CHINESE],
    ["gzip", gzipSync(CHINESE)],
    ["gzip of gb18030", gzipSync(GB18030_CHINESE)],
  ];
  it.each(encodings)("CSV in %s", async (_name, bytes) => {
    const { names, rows } = await read(put("data.csv", bytes));
    expect(names).toEqual(["城市", "人口"]);
    expect(rows).toEqual(CHINESE_ROWS);
  });

  it("GB18030 that begins behind a long stretch of ASCII", async () => {
    const ascii = Array.from({ length: 60_000 }, (_, i) => `plain,${i}`).join("\n");
    const bytes = Buffer.concat([Buffer.from(`a,b\n${ascii}\n`), GB18030_CHINESE]);
    const { rows, sources } = await read(put("late.csv", bytes));
    expect(rows.at(-1)).toEqual(["广州", "1868"]);
    expect(sources[0]!.encoding).toBe("gb18030");
  });

  it("lines that end in two ways, as when files were joined", async () => {
    const [windows, unix] = [(i: number) => `${i},"a\r\nb",x\r\n`, (i: number) => `${i},c,y\n`];
    const lines = Array.from({ length: 5000 }, (_, i) => (i < 4000 ? windows(i) : unix(i)));
    const { names, rows } = await read(put("mixed.csv", `n,t,k\r\n${lines.join("")}`));
    expect(names).toEqual(["n", "t", "k"]);
    expect(rows).toHaveLength(5000);
    expect(rows[4999]).toEqual([4999, "c", "y"]);
  });

  it.each([
    ["\n", "\r\n"],
    ["\r\n", "\n"],
  ])("a line break %j within a name, before rows that end in %j", async (inner, end) => {
    const { names, rows } = await read(put("name.csv", `n,"two${inner}lines",k${end}1,a,x${end}2,b,y${end}`));
    expect(names.map((name) => name.replace(/\s+/, " "))).toEqual(["n", "two lines", "k"]);
    expect(rows).toEqual([
      [1, "a", "x"],
      [2, "b", "y"],
    ]);
  });

  it("a Western encoding when it is named", async () => {
    put("data.csv", Buffer.from("name,v\ncafé,1\nété,2\n", "latin1"));
    expect((await read("data.csv", { encoding: "windows-1252" })).rows).toEqual([
      ["café", 1],
      ["été", 2],
    ]);
  });

  it.each([
    [
      "semicolons and decimal commas",
      "x;y\n1,5;a\n2,5;b\n",
      ["x", "y"],
      [
        ["1,5", "a"],
        ["2,5", "b"],
      ],
    ],
    [
      "tabs",
      "x\ty\n1\ta, b\n2\tc\n",
      ["x", "y"],
      [
        [1, "a, b"],
        [2, "c"],
      ],
    ],
    [
      "bars",
      "x|y\n1|a\n2|b\n",
      ["x", "y"],
      [
        [1, "a"],
        [2, "b"],
      ],
    ],
    ["a separator line", "sep=;\nx;y\n1;2\n", ["x", "y"], [[1, 2]]],
    [
      "CRLF and quotes",
      'x,y\r\n1,"a\r\n""b"""\r\n2,c\r\n',
      ["x", "y"],
      [
        [1, 'a\r\n"b"'],
        [2, "c"],
      ],
    ],
    [
      "no header",
      "1.5,red\n2.5,blue\n3,red\n",
      ["column1", "column2"],
      [
        [1.5, "red"],
        [2.5, "blue"],
        [3, "red"],
      ],
    ],
    [
      "no header, repeated words",
      "a,x\nb,x\na,y\nb,x\na,x\n",
      ["column1", "column2"],
      [
        ["a", "x"],
        ["b", "x"],
        ["a", "y"],
        ["b", "x"],
        ["a", "x"],
      ],
    ],
    ["one column", "word\nhello\nworld\n", ["word"], [["hello"], ["world"]]],
    ["blank lines above the header", "\n  \r\nx,y\n\n1,2\n", ["x", "y"], [[1, 2]]],
    ["rows of empty cells above the header", ",,\n;;\nx,y\n1,2\n", ["x", "y"], [[1, 2]]],
    ["no line end", "x,y\n1,2", ["x", "y"], [[1, 2]]],
  ])("delimited text with %s", async (_name, text, names, rows) => {
    expect(await read(put("data.txt", text))).toMatchObject({ names, rows });
  });

  it("JSON, JSON Lines, and Parquet give the same rows", async () => {
    const rows = [
      { a: 1, b: "x", c: true, d: [1, 2] },
      { a: 2.5, b: "y", c: false, d: [3, 4] },
      { a: null, c: true },
    ];
    const expected = [
      [1, "x", true, [1, 2]],
      [2.5, "y", false, [3, 4]],
      [null, null, true, null],
    ];
    put("data.json", JSON.stringify(rows));
    put("data.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    put("marked.json", `\ufeff${JSON.stringify(rows, null, 2)}`);
    for (const name of ["data.json", "data.jsonl", "marked.json"]) {
      expect(await read(name)).toMatchObject({ names: ["a", "b", "c", "d"], rows: expected });
    }
    const table = await openTable(
      { format: "json", files: [{ path: join(folder, "data.json") }] },
      { threads: 1, temporaryFolder },
    );
    await table.query(`COPY (SELECT * FROM data) TO '${table.temporaryFolder}/out.parquet' (FORMAT parquet)`);
    copyFileSync(join(table.temporaryFolder, "out.parquet"), join(folder, "data.parquet"));
    await table.close();
    expect(await read("data.parquet")).toMatchObject({ names: ["a", "b", "c", "d"], rows: expected });
  });

  it("an Excel workbook", async () => {
    put("book.xlsx", workbook());
    expect(await read("book.xlsx")).toMatchObject({
      names: ["name", "amount", "when", "ok"],
      rows: [
        ["a,b", 1.5, "2024-03-05", "true"],
        ["c", null, "2024-03-06T12:00:00.000Z", "false"],
      ],
    });
    expect(await failure("book.xlsx", { sheet: "Nowhere" })).toMatchObject({
      code: "DATA_NOT_FOUND",
      message: expect.stringMatching(/Its sheets are "/),
    });
  });

  it("a workbook made by openpyxl", async () => {
    const file = new URL("../../../../test/oracles/sources/openpyxl.xlsx", import.meta.url);
    copyFileSync(file, join(folder, "orders.xlsx"));
    expect(await read("orders.xlsx")).toMatchObject({
      names: ["id", "customer", "amount", "ordered", "shipped", "paid", "note"],
      rows: [
        [1, "Ann", 12.5, "2024-03-05", "2024-03-06T12:30:00.000Z", "true", 'says "hi", twice'],
        [2, "王伟", -3, "2024-03-07", null, "false", null],
        [3, "Zoë", 1e-7, "1999-12-31", "2000-01-01T23:59:59.000Z", "true", "two\nlines"],
      ],
    });
    expect((await read("orders.xlsx")).notes).toMatchObject([{ id: "sheet-chosen" }]);
    const second = await read("orders.xlsx", { sheet: "second" });
    expect(second).toMatchObject({ names: ["x"], rows: [[42]], notes: [] });
  });

  it("one record of vectors is a row, not a table of columns", async () => {
    put("row.json", '[{"v":[1,2,3],"w":[4,5,6]}]');
    expect((await read("row.json")).rows).toHaveLength(1);
  });

  it("a folder, a glob, several files, standard input", async () => {
    put("parts/b.csv", "x,y\n3,c\n");
    put("parts/a.csv", "x,y\n1,a\n2,b\n");
    put("parts/.hidden.csv", "q\n1\n");
    put("parts/notes.md", "text");
    const rows = [
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ];
    for (const location of ["parts", "parts/*.csv", "**/[ab].csv", ["parts/a.csv", "parts/b.csv"]]) {
      expect((await read(location)).rows).toEqual(rows);
    }
    expect((await read("-", {}, { stdin: Readable.from(["x,y\n1,", "a\n"]) })).rows).toEqual([[1, "a"]]);
  });

  it("names that are missing or repeated get new ones, with a note", async () => {
    const { names, notes } = await read(put("data.csv", "a,,a,A,a_2\n1,2,3,4,5\n"));
    expect(names).toEqual(["a", "column2", "a_3", "A_4", "a_2"]);
    expect(notes.map((note) => note.column)).toEqual(["column2", "a_3", "A_4"]);
  });

  it("options override what is found", async () => {
    put("data.csv", "# made today\n1;2\n3;4\n");
    const options = { delimiter: ";", header: false, skipLines: 1 };
    expect(await read("data.csv", options)).toMatchObject({
      names: ["column1", "column2"],
      rows: [
        [1, 2],
        [3, 4],
      ],
    });
  });
});

describe("bad input is refused with place and remedy, and leaves nothing behind", () => {
  const gz = gzipSync(Buffer.from(`a,b\n${"1,2\n".repeat(100_000)}`));
  const long = "n".repeat(10_000);
  const cases: [string, string, string | Uint8Array, string, Record<string, unknown>, RegExp][] = [
    ["an empty file", "e.csv", "", "DATA_EMPTY", { file: "e.csv" }, /empty/],
    ["blank lines alone", "e.csv", "\n\n\n", "DATA_EMPTY", { file: "e.csv" }, /no rows/],
    ["a header alone", "h.csv", "a,b\n", "DATA_EMPTY", { file: "h.csv" }, /no rows/],
    [
      "a short row",
      "r.csv",
      "a,b,c\n1,2,3\n4,5\n6,7,8\n",
      "DATA_MALFORMED",
      { file: "r.csv", line: 3 },
      /line 3: the row has 2 cells/,
    ],
    [
      "a long row",
      "r.csv",
      "a,b\n1,2\n3,4\n5,6,7\n",
      "DATA_MALFORMED",
      { file: "r.csv", line: 4 },
      /3 cells/,
    ],
    [
      "an open quote",
      "q.csv",
      'a,b\n1,"x\n2,y\n3,z\n',
      "DATA_MALFORMED",
      { file: "q.csv", line: 2 },
      /no end/,
    ],
    [
      "Latin-1",
      "l.csv",
      Buffer.from("name,v\ncafé,1\n", "latin1"),
      "DATA_ENCODING",
      { file: "l.csv", line: 2 },
      /line 2/,
    ],
    ["a NUL byte", "n.csv", "a,b\n1,2\n3,\u0000\n", "DATA_MALFORMED", { file: "n.csv", line: 3 }, /NUL/],
    [
      "binary junk",
      "j.csv",
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3) * 31) & 255),
      "DATA_MALFORMED",
      {},
      /NUL|text/,
    ],
    [
      "a name of 10,000 characters",
      "c.csv",
      `a,${long}\n1,2\n`,
      "DATA_MALFORMED",
      { column: 2 },
      /10000 characters/,
    ],
    ["cut-off gzip", "t.csv.gz", gz.subarray(0, gz.length / 2), "DATA_MALFORMED", {}, /cut off/],
    [
      "damaged gzip",
      "d.csv.gz",
      Buffer.concat([gz.subarray(0, 20), Buffer.alloc(40, 7), gz.subarray(60)]),
      "DATA_MALFORMED",
      {},
      /damaged/,
    ],
    [
      "a broken Parquet file",
      "p.parquet",
      "PAR1 nothing of the kind PAR1",
      "DATA_MALFORMED",
      { file: "p.parquet" },
      /footer/,
    ],
    [
      "a cut-off Parquet file",
      "p.parquet",
      "PAR1 nothing of the kind",
      "DATA_MALFORMED",
      { file: "p.parquet" },
      /cut off/,
    ],
    [
      "broken JSON Lines",
      "b.jsonl",
      '{"a":1}\n{"a":\n{"a":3}\n',
      "DATA_MALFORMED",
      { file: "b.jsonl" },
      /line [23]/,
    ],
    [
      "a broken JSON array",
      "b.json",
      '[{"a":1},\n{"a":2\n]',
      "DATA_MALFORMED",
      { file: "b.json", line: 3 },
      /b\.json/,
    ],
    ["JSON that is no table", "b.json", "[1, 2, 3]", "DATA_MALFORMED", { file: "b.json" }, /not objects/],
    ["an empty JSON array", "b.json", "[]", "DATA_EMPTY", { file: "b.json" }, /no rows/],
    [
      "a zip archive",
      "z.xlsx",
      zipSync({ "a.txt": new Uint8Array(3) }),
      "DATA_UNSUPPORTED",
      { file: "z.xlsx" },
      /zip/,
    ],
    [
      "a damaged workbook",
      "z.xlsx",
      "PK\u0003\u0004 nothing",
      "DATA_MALFORMED",
      { file: "z.xlsx" },
      /workbook/,
    ],
    [
      "an old workbook",
      "o.xls",
      Buffer.from("d0cf11e0a1b11ae1000000", "hex"),
      "DATA_UNSUPPORTED",
      {},
      /\.xls/,
    ],
  ];
  it.each(cases)("%s", async (_name, file, content, code, details, message) => {
    const error = await failure(put(file, content));
    expect(error).toMatchObject({ code, details });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(temporaryFolder);
    expect(error.hint).not.toBe("");
  });

  it("a sparse file of 10 GB, without reading it", async () => {
    for (const start of ["", "a,b\n1,2\n"]) {
      const handle = openSync(join(folder, "sparse.csv"), "w");
      writeSync(handle, start);
      ftruncateSync(handle, 10 * 2 ** 30);
      closeSync(handle);
      const begun = performance.now();
      expect((await failure("sparse.csv")).code).toBe("DATA_MALFORMED");
      expect(performance.now() - begun).toBeLessThan(5000);
    }
  });

  it("a gzip bomb", async () => {
    put("bomb.csv.gz", gzipSync(Buffer.from(`a,b\n${"0,0\n".repeat(1_000_000)}`)));
    const error = await failure("bomb.csv.gz", {}, { decompression: { maxBytes: 2 ** 20, maxRatio: 250 } });
    expect(error.code).toBe("DATA_TOO_LARGE");
  });

  it("paths that are no regular file, and URLs when no host is allowed", async () => {
    mkdirSync(join(folder, "nothing"));
    execFileSync("mkfifo", [join(folder, "pipe.csv")]);
    expect((await failure("nothing")).code).toBe("DATA_NOT_FOUND");
    expect((await failure("absent.csv")).code).toBe("DATA_NOT_FOUND");
    expect((await failure("*.nothing")).code).toBe("DATA_NOT_FOUND");
    expect((await failure("pipe.csv")).code).toBe("DATA_UNSUPPORTED");
    expect((await failure("/dev/zero")).code).toBe("DATA_UNSUPPORTED");
    expect((await failure("https://example.org/data.csv")).code).toBe("NETWORK_REFUSED");
    expect((await failure("ftp://example.org/data.csv")).code).toBe("DATA_UNSUPPORTED");
  });

  it("a page or a document in place of the table", async () => {
    const page = '<!DOCTYPE html>\n<html lang="en"><body>Log in, please</body></html>\n';
    put("page.csv", page);
    put("page.csv.gz", gzipSync(page));
    put("page.json", `<!-- saved -->\n<html>\n</html>`);
    put("data.csv", '<?xml version="1.0"?>\n<rows><row a="1"/></rows>\n');
    for (const name of ["page.csv", "page.csv.gz", "page.json"])
      expect(await failure(name)).toMatchObject({
        code: "DATA_UNSUPPORTED",
        message: expect.stringMatching(/is a web page/),
      });
    expect(await failure("data.csv")).toMatchObject({
      code: "DATA_UNSUPPORTED",
      message: expect.stringMatching(/is an XML/),
    });
    expect((await read(put("tags.csv", "<html>,b\n1,2\n"))).names).toEqual(["<html>", "b"]);
  });

  it("files of different columns or formats", async () => {
    put("a.csv", "x,y\n1,2\n");
    put("b.csv", "x,z\n1,2\n");
    put("c.jsonl", '{"x":1,"y":2}\n');
    const error = await failure("[ab].csv");
    expect(error).toMatchObject({
      code: "DATA_SCHEMA",
      details: { file: "b.csv", column: 2, expected: "y", found: "z" },
    });
    expect((await failure("[ac].*")).code).toBe("DATA_SCHEMA");
  });
});
