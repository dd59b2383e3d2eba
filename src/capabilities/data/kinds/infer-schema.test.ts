import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTable, readFrame, type Table } from "../../../engines/table/index.js";
import { sha256 } from "../../../foundation/base/hash.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import type { Column } from "../../../foundation/contracts/frame.js";
import { type InferenceOptions, inferSchema } from "./index.js";

let folder: string;
let table: Table | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quern-test-"));
});
afterEach(async () => {
  await table?.close();
  table = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** One column of texts in a CSV file, quoted where needed, beside one that keeps blank lines from vanishing. */
async function infer(name: string, texts: readonly string[], options: InferenceOptions = {}) {
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const path = join(folder, "data.csv");
  writeFileSync(
    path,
    `${quote(name)},other\n${texts.map((text, i) => `${quote(text)},w${i % 3}`).join("\n")}\n`,
  );
  table = await openTable(
    { format: "delimited", files: [{ path }] },
    { threads: 1, temporaryFolder: folder },
  );
  const { columns, unreadable } = await inferSchema(table, options);
  const frame = await readFrame(table, columns);
  return { schema: columns[0]!, unreadable, column: frame.columns.get(name) };
}
const repeat = (texts: readonly string[], times: number): string[] =>
  Array.from({ length: times }, () => texts).flat();
const count = (rows: number, make: (i: number) => string): string[] =>
  Array.from({ length: rows }, (_, i) => make(i));
const valuesOf = (column: Column | undefined): unknown[] =>
  column?.kind === "category"
    ? [...column.codes].map((code) => column.dictionary[code] ?? "")
    : [...(column as unknown as { values: number[] }).values];

type Case = [string, string, readonly string[], Partial<ColumnSchema>, unknown[]?];
const NaN_ = Number.NaN;

describe("inferSchema", () => {
  it("takes codes that repeat for categories, however many there are, and words for texts", async () => {
    const hash = (i: number): string => sha256(Buffer.from(String(i)));
    const kindOf = async (texts: readonly string[]): Promise<string> => {
      const { schema } = await infer("what", texts);
      await table?.close();
      return schema.kind;
    };
    expect(await kindOf(count(200, (i) => hash(i % 130)))).toBe("category");
    expect(await kindOf(count(200, (i) => `PN-${1000 + ((i * 7) % 150)}/B`))).toBe("category");
    expect(await kindOf(count(200, hash))).toBe("id");
    expect(
      await kindOf(
        count(
          200,
          (i) => `味道${"好差快慢"[i % 4]}${"甲乙丙丁戊己庚辛壬癸"[i % 10]}${"天地人和春夏秋"[i % 7]}`,
        ),
      ),
    ).toBe("text");
    expect(await kindOf(count(200, (i) => `fine-${"abcdefghijklm"[i % 13]}-${"nopqrstuvwx"[i % 11]}`))).toBe(
      "text",
    );
  });

  const cases: Case[] = [
    [
      "whole numbers",
      "age",
      count(40, (i) => String(20 + (i % 30))),
      { kind: "number", precision: "float32" },
    ],
    [
      "numbers with markers",
      "v",
      ["1.5", "NA", "?", "-", "", "#N/A", "无", "2"],
      { kind: "number" },
      [1.5, NaN_, NaN_, NaN_, NaN_, NaN_, NaN_, 2],
    ],
    [
      "thousands separators",
      "v",
      ["1,234", "12", "1,000,000.5", "null"],
      { kind: "number", format: { strip: "," } },
      [1234, 12, 1000000.5, NaN_],
    ],
    [
      "full-width digits, as input methods of Chinese and Japanese write them",
      "金额",
      ["１２３．５", "１，２３４", "－３", "7", "（２）"],
      { kind: "number", format: { strip: "," } },
      [123.5, 1234, -3, 7, -2],
    ],
    ["full-width percent", "比例", ["１０％", "2.5%"], { kind: "number" }, [0.1, 0.025]],
    ["full-width codes", "编号", ["００１", "００２", "００３"], { kind: "id" }],
    [
      "digits grouped as in India",
      "v",
      ["1,23,456", "12,34,56,789.5", "₹1,000", "99"],
      { kind: "number" },
      [123456, 123456789.5, 1000, 99],
    ],
    ["dollars", "v", ["$1,234.50", "$3", "-$2.25", "N/A"], { kind: "number" }, [1234.5, 3, -2.25, NaN_]],
    ["yuan and a blank", "价格", ["¥ 1,200", "300 元", "¥5.5"], { kind: "number" }, [1200, 300, 5.5]],
    [
      "decimal commas",
      "v",
      ["1.234,5", "0,25", "12"],
      { kind: "number", format: { strip: ".", decimal: "," } },
      [1234.5, 0.25, 12],
    ],
    [
      "thousands set off by blanks",
      "v",
      ["1 234", "12 345 678", "9"],
      { kind: "number" },
      [1234, 12345678, 9],
    ],
    [
      "amounts of an accountant",
      "v",
      ["$1,234.50", "($2,000)", "(5)", "7"],
      {
        kind: "number",
        reason:
          "Its texts are numbers with a currency and parentheses around what is below zero and thousands separators.",
      },
      [1234.5, -2000, -5, 7],
    ],
    ["true minus signs", "v", ["\u22125", "3.5", "\u2212$1,000"], { kind: "number" }, [-5, 3.5, -1000]],
    ["notes in parentheses", "v", repeat(["(1)", "(2)", "(3)"], 5), { kind: "category" }],
    ["a currency with a point", "v", ["Rs.500", "Rs.1,250.75", "Rs.20"], { kind: "category" }],
    [
      "weights with their unit",
      "v",
      ["1.5 kg", "12kg", "1,200 kg", "NA", "-3 kg"],
      { kind: "number", format: { unit: "kg", strip: "," } },
      [1.5, 12, 1200, NaN_, -3],
    ],
    [
      "ages with their unit",
      "年龄",
      ["30岁", "7岁", "61岁"],
      { kind: "number", format: { unit: "岁" } },
      [30, 7, 61],
    ],
    [
      "durations and times of day",
      "v",
      ["1:30:00", "0:00:02.5", "NA", "-0:10:00", "2 days 01:00:00", "１２：３０：００"],
      {
        kind: "number",
        format: { clock: true },
        reason: "Its texts are durations or times of day (1:30:00 is read as 5400, 1:30 as 90).",
      },
      [5400, 2.5, NaN_, -600, 176400, 45000],
    ],
    ["times of day without seconds", "v", ["7:05", "23:59"], { kind: "number" }, [425, 1439]],
    ["scores of matches", "v", repeat(["2:1", "0:0", "3:2"], 5), { kind: "category" }],
    ["two units", "v", repeat(["500 g", "1 kg", "3 kg"], 5), { kind: "category" }],
    ["codes that end in a letter", "v", repeat(["007A", "012A", "131A"], 5), { kind: "category" }],
    [
      "numbers that are not finite",
      "v",
      ["1.5", "inf", "-Inf", "Infinity", "∞", "2"],
      { kind: "number" },
      [1.5, NaN_, NaN_, NaN_, NaN_, 2],
    ],
    [
      "times of twelve hours",
      "v",
      ["2024-01-05 12:30 AM", "2024-11-30 01:05 PM"],
      { kind: "datetime" },
      [Date.UTC(2024, 0, 5, 0, 30), Date.UTC(2024, 10, 30, 13, 5)],
    ],
    ["percent", "v", ["10%", "2.5%", "--"], { kind: "number" }, [0.1, 0.025, NaN_]],
    ["labels 1 to 3", "class", repeat(["1", "2", "3"], 20), { kind: "number" }],
    ["postal codes with leading zeros", "zip", repeat(["01234", "90210", "00501"], 5), { kind: "category" }],
    [
      "yes and no",
      "v",
      ["Yes", "no", "", "YES"],
      { kind: "boolean", format: { trueText: ["yes"], falseText: ["no"] } },
      [1, 0, NaN_, 1],
    ],
    ["是 and 否", "v", ["是", "否", "是"], { kind: "boolean" }, [1, 0, 1]],
    ["0 and 1", "v", ["0", "1", "1", "0"], { kind: "boolean" }, [0, 1, 1, 0]],
    ["yes and none", "phone", repeat(["yes", "none"], 20), { kind: "category" }],
    [
      "none as a category",
      "alley",
      repeat(["None", "Paved", "Gravel", "NA"], 10),
      { kind: "category", format: { missing: ["na"] } },
    ],
    [
      "country codes with Namibia",
      "country",
      repeat(["NA", "DE", "FR", "US", "ZA", "BW"], 10),
      { kind: "category" },
    ],
    ["plus and minus", "rhesus", repeat(["+", "-"], 10), { kind: "category" }],
    [
      "ISO dates",
      "v",
      ["2024-03-05", "2024-12-31", "NULL"],
      { kind: "datetime" },
      [Date.UTC(2024, 2, 5), Date.UTC(2024, 11, 31), NaN_],
    ],
    [
      "ISO times with zones",
      "v",
      ["2024-03-05T10:00:00+08:00", "2024-03-05 02:00:00Z"],
      { kind: "datetime" },
      [Date.UTC(2024, 2, 5, 2), Date.UTC(2024, 2, 5, 2)],
    ],
    [
      "Chinese dates",
      "日期",
      ["2024年3月5日", "2023年12月31日"],
      { kind: "datetime", format: { datetime: "%Y年%m月%d日" } },
      [Date.UTC(2024, 2, 5), Date.UTC(2023, 11, 31)],
    ],
    [
      "dates with slashes",
      "v",
      ["2024/3/5", "2023/12/31"],
      { kind: "datetime" },
      [Date.UTC(2024, 2, 5), Date.UTC(2023, 11, 31)],
    ],
    [
      "German dates",
      "v",
      ["05.03.2024", "31.12.2023"],
      { kind: "datetime", format: { datetime: "%d.%m.%Y" } },
      [Date.UTC(2024, 2, 5), Date.UTC(2023, 11, 31)],
    ],
    [
      "day first, by evidence",
      "v",
      ["05/03/2024", "31/12/2023"],
      { kind: "datetime", format: { datetime: "%d/%m/%Y" } },
    ],
    [
      "month first, by evidence",
      "v",
      ["03/05/2024", "12/31/2023"],
      { kind: "datetime", format: { datetime: "%m/%d/%Y" } },
    ],
    [
      "epoch seconds",
      "created_at",
      ["1709600000", "1709700000", "1709800000"],
      { kind: "datetime", format: { datetime: "epoch-s" } },
      [1709600000000, 1709700000000, 1709800000000],
    ],
    [
      "eight digits in a date column",
      "order_date",
      ["20240305", "20231231"],
      { kind: "datetime", format: { datetime: "%Y%m%d" } },
      [Date.UTC(2024, 2, 5), Date.UTC(2023, 11, 31)],
    ],
    ["large numbers elsewhere", "balance", ["1709600000", "1709700000", "1709800000"], { kind: "number" }],
    ["years", "year", ["1999", "2000", "2001"], { kind: "number" }],
    ["ids by name", "customer_id", count(50, (i) => String(1000 + i * 3)), { kind: "id" }],
    ["an employee number", "EmployeeNumber", count(50, (i) => String(1 + i * 2)), { kind: "id" }],
    [
      "a few ids are codes",
      "store_id",
      repeat(["101", "205", "309"], 20),
      { kind: "category", numericCategory: true },
    ],
    [
      "codes that differ beyond the digits of a double",
      "store_id",
      repeat(["9007199254740993", "9007199254740994", "9007199254740995"], 20),
      { kind: "category" },
      repeat(["9007199254740993", "9007199254740994", "9007199254740995"], 20),
    ],
    [
      "thousands apart by spaces that do not break",
      "v",
      ["13\u00a0954", "1\u202f234\u202f567", "1\u00a0851,5"],
      { kind: "number", format: { decimal: "," } },
      [13_954, 1_234_567, 1851.5],
    ],
    [
      "many ids that repeat are codes, however many",
      "MGR_ID",
      count(20_000, (i) => String(((i * 7919) % 1500) * 37)),
      { kind: "category", numericCategory: true },
    ],
    [
      "more of them than are listed",
      "customer_id",
      count(60_000, (i) => String(100_000 + (i % 15_000))),
      { kind: "category", numericCategory: true },
    ],
    ["texts that repeat", "store_id", count(6000, (i) => `S-${i % 1500}`), { kind: "category" }],
    ["ids with a few rows twice", "user_id", count(300, (i) => String(i % 200)), { kind: "id" }],
    ["unique texts", "reference", count(50, (i) => `AX-${i * 7919}-Q`), { kind: "id" }],
    ["sequential numbers without such a name", "visits", count(50, String), { kind: "number" }],
    [
      "prose",
      "review",
      count(60, (i) => `The delivery was on day ${i} and everything worked as promised`),
      { kind: "text" },
    ],
    [
      "Chinese prose",
      "评论",
      count(60, (i) => `这个产品非常好用第${i}次购买了物流也很快推荐大家购买`),
      { kind: "text" },
    ],
    ["vectors", "embedding", ["[1, 2.5, -3]", "[0, 0, 1e-2]", ""], { kind: "vector", format: { width: 3 } }],
    ["nothing", "v", ["", "", ""], { kind: "ignore" }],
    ["markers alone", "v", ["NA", "NA", "NA"], { kind: "ignore" }],
    [
      "neighbours beyond float32",
      "v",
      count(50, (i) => String(1_700_000_000 + i)),
      { kind: "number", precision: "float64" },
    ],
    [
      "neighbours with decimals",
      "v",
      count(50, (i) => (121.4737 + i * 1e-6).toFixed(6)),
      { kind: "number", precision: "float64" },
    ],
    [
      "decimals that float32 keeps apart",
      "v",
      count(50, (i) => (i * 0.01).toFixed(2)),
      { kind: "number", precision: "float32" },
    ],
  ];
  it.each(cases)("%s", async (_name, name, texts, expected, values) => {
    const { schema, column, unreadable } = await infer(name, texts);
    expect(schema).toMatchObject(expected);
    expect(schema.reason).toMatch(/^[A-Z].*\.$/);
    expect(unreadable).toEqual([]);
    if (values)
      expect(valuesOf(column)).toEqual(
        schema.precision === "float32" ? [...Float32Array.from(values as number[])] : values,
      );
  });

  it("a few odd cells do not hide a number; they are missing and reported", async () => {
    const texts = count(200, (i) => (i === 77 ? "1e999" : i === 150 ? "abc" : String(i)));
    const { schema, unreadable, column } = await infer("v", texts);
    expect(schema.kind).toBe("number");
    expect(unreadable).toEqual([
      {
        column: "v",
        kind: "number",
        rows: 2,
        examples: [
          { row: 77, value: "1e999" },
          { row: 150, value: "abc" },
        ],
      },
    ]);
    expect(valuesOf(column)[77]).toBeNaN();
  });

  it("days that no calendar has are missing and reported", async () => {
    const texts = count(200, (i) =>
      i === 3 ? "0000-00-00" : i === 4 ? "0000-01-01" : `2024-01-${String((i % 28) + 1).padStart(2, "0")}`,
    );
    const { schema, unreadable } = await infer("v", texts);
    expect(schema.kind).toBe("datetime");
    expect(unreadable[0]!.examples.map((example) => example.value)).toEqual(["0000-00-00", "0000-01-01"]);
  });

  it("a target of truth values is read as labels, and nothing about other columns is lost by it", async () => {
    const path = join(folder, "target.csv");
    const lines = count(100, (i) => `${i === 7 ? "many" : i},${(i % 28) + 1}.3.2024,${i % 2 ? "Yes" : "no"}`);
    writeFileSync(path, `v,day,t\n${lines.join("\n")}\n`);
    table = await openTable(
      { format: "delimited", files: [{ path }] },
      { threads: 1, temporaryFolder: folder },
    );
    const { columns, unreadable } = await inferSchema(table, { target: "t" });
    expect(columns.map(({ kind }) => kind)).toEqual(["number", "datetime", "category"]);
    expect(columns[1]!.format).toMatchObject({ datetime: "%d.%m.%Y" });
    expect(unreadable).toMatchObject([{ column: "v", rows: 1, examples: [{ row: 7, value: "many" }] }]);
    const labels = (await readFrame(table, columns)).columns.get("t");
    expect(labels).toMatchObject({ dictionary: ["Yes", "no"] });
  });

  it("many odd cells make a category", async () => {
    expect(
      (
        await infer(
          "v",
          count(200, (i) => (i % 10 === 0 ? "high" : String(i % 9))),
        )
      ).schema.kind,
    ).toBe("category");
  });

  it("the user's word counts: kinds, columns left out, markers", async () => {
    const texts = repeat(["1", "2", "-999"], 10);
    const chosen = await infer("v", texts, { kinds: { v: "category" }, missing: ["-999"] });
    expect(chosen.schema).toMatchObject({
      kind: "category",
      numericCategory: true,
      format: { missing: ["-999"] },
    });
    expect(valuesOf(chosen.column).slice(0, 3)).toEqual(["1", "2", ""]);
    await table?.close();
    const numbers = await infer("v", texts, { missing: ["-999"] });
    expect(valuesOf(numbers.column).slice(0, 3)).toEqual([1, 2, NaN_]);
    await table?.close();
    expect((await infer("v", texts, { ignore: ["v"] })).column).toBeUndefined();
    await expect(inferSchema(table!, { kinds: { w: "text" } })).rejects.toMatchObject({
      code: "DATA_COLUMN_UNKNOWN",
    });
  });
});
