import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  categoryText,
  MISSING_MARKERS,
  parseBoolean,
  parseDatetime,
  parseNumber,
  parseVector,
  plainText,
} from "../../foundation/base/values.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Column } from "../../foundation/contracts/frame.js";
import { invalidExpression, openTable, readFrame } from "./index.js";

/**
 * The SQL of whole columns against the parsers of base/values.ts on the same texts. A column begins with a word,
 * so that it is stored as text whatever follows.
 */
async function readBoth(texts: readonly string[], schema: Omit<ColumnSchema, "name" | "reason">) {
  const folder = mkdtempSync(join(tmpdir(), "quern-test-"));
  const all = ["some word", ...texts.filter((text) => !text.includes("\0"))];
  const path = join(folder, "texts.jsonl");
  writeFileSync(path, all.map((text) => JSON.stringify({ x: text })).join("\n"));
  const table = await openTable(
    { format: "jsonl", files: [{ path }] },
    { threads: 1, temporaryFolder: folder },
  );
  const column: ColumnSchema = { ...schema, name: "x", reason: "" };
  const frame = await readFrame(table, [column]);
  const marks = await table.query(
    `SELECT ${invalidExpression(column, "text")} AS bad FROM data ORDER BY rowid`,
  );
  await table.close();
  rmSync(folder, { recursive: true });
  return { texts: all, column: frame.columns.get("x")!, bad: marks.map((row) => row.bad === true) };
}

const valueAt = (column: Column, row: number): unknown =>
  column.kind === "category"
    ? (column.dictionary[column.codes[row]!] ?? "")
    : column.kind === "vector"
      ? [...column.values.subarray(row * column.width, (row + 1) * column.width)]
      : column.values[row];

const PARSERS: Partial<Record<ColumnSchema["kind"], (value: unknown, format: Format) => number | undefined>> =
  {
    number: parseNumber,
    boolean: parseBoolean,
    datetime: parseDatetime,
  };

async function expectEqual(texts: readonly string[], schema: Omit<ColumnSchema, "name" | "reason">) {
  const both = await readBoth(texts, schema);
  for (const [row, text] of both.texts.entries()) {
    const format = schema.format ?? {};
    const parse = PARSERS[schema.kind];
    const parsed = parse
      ? parse(text, format)
      : schema.kind === "text"
        ? plainText(text, format)
        : categoryText(text, format, schema.numericCategory);
    expect({ text, value: valueAt(both.column, row), bad: both.bad[row] }).toEqual({
      text,
      value: parsed ?? Number.NaN,
      bad: parse ? parsed === undefined : both.bad[row],
    });
  }
}

const spaces = fc.constantFrom("", " ", "\t", "\u3000", "\u00a0");
const around = (texts: fc.Arbitrary<string>) =>
  fc.tuple(spaces, texts, spaces).map((parts) => parts.join(""));
type Format = NonNullable<ColumnSchema["format"]>;
const anything = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(...MISSING_MARKERS, "NA", "Null", "无", "true", "1e999"),
);
const numberText = fc.oneof(
  fc.double().map(String),
  fc.integer().map(String),
  fc.stringMatching(/^[+-]?[0-9]{0,12}\.?[0-9]{0,8}([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom(
    "1_000",
    "0x10",
    "inf",
    "-Infinity",
    "nan",
    "1e999",
    "1.5e-400",
    "٣",
    "1,5",
    "１２３．５",
    "－１，５",
    "（５％）",
    "--1",
    "5.",
    ".5",
    "+.5e3",
  ),
);
const pad = (value: number, width: number): string => String(value).padStart(width, "0");
const dateText = fc
  .tuple(
    fc.integer({ min: 0, max: 10_000 }),
    fc.integer({ min: 0, max: 13 }),
    fc.integer({ min: 0, max: 32 }),
    fc.boolean(),
  )
  .map(
    ([year, month, day, padded]) =>
      [pad(year, 4), pad(month, padded ? 2 : 1), pad(day, padded ? 2 : 1)] as const,
  );
const timeText = fc.oneof(
  fc.constantFrom("", "T09:30", "T24:00:00", " 24:00", "T24:00:01", "T24:00:00,0000009", "T24:00:00.000001"),
  fc
    .tuple(
      fc.constantFrom("T", " "),
      fc.integer({ min: 0, max: 25 }),
      fc.integer({ min: 0, max: 61 }),
      fc.integer({ min: 0, max: 61 }),
    )
    .map(([mark, hour, minute, second]) => `${mark}${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`),
);
const zoneText = fc.constantFrom(
  "",
  "Z",
  "+08",
  "+08:00",
  "-0530",
  " +01:00",
  ".5Z",
  ".123456789",
  ",25",
  "+15:59",
  "+16:00",
  "-15:60",
  "z",
);
/** Many texts a table: opening one costs more than reading hundreds of rows. */
const runs = { numRuns: 8 };
const lists = (texts: fc.Arbitrary<string>) => fc.array(texts, { minLength: 100, maxLength: 180 });

describe("SQL and base/values read alike", () => {
  it("plain numbers", () =>
    fc.assert(
      fc.asyncProperty(lists(around(fc.oneof(numberText, anything))), (texts) =>
        expectEqual(texts, { kind: "number", precision: "float64" }),
      ),
      runs,
    ));

  it("numbers with separators, currency and percent", () =>
    fc.assert(
      fc.asyncProperty(
        lists(
          around(
            fc
              .tuple(
                fc.constantFrom("", "$", "¥ ", "€", "(", "($", "\u2212", "(\u2212"),
                numberText,
                fc.constantFrom("", "%", " 元", ")", "%)", " )", "kg", " kg", "\u00a0kg", "㎡", " kgkg"),
              )
              .map((parts) => parts.join("")),
          ),
        ),
        fc.constantFrom<Format>(
          { strip: "$,% " },
          { strip: "¥元€.", decimal: "," },
          { strip: "%$", scale: 0.01 },
          { missing: ["-999", "0"] },
          { unit: "kg" },
          { unit: "㎡", strip: "," },
        ),
        (texts, format) => expectEqual(texts, { kind: "number", precision: "float64", format }),
      ),
      runs,
    ));

  it("durations and times of day", () =>
    fc.assert(
      fc.asyncProperty(
        lists(
          around(
            fc.oneof(
              fc.stringMatching(
                /^[+-]?([0-9]{1,2} days?,? )?[0-9]{1,2}:[0-6][0-9](:[0-6][0-9]([.,][0-9]{1,3})?)?$/,
              ),
              fc.constantFrom(
                "０７：３０",
                "\u22121:00",
                "(0:30)",
                "24:00:00",
                "7:5",
                "1:02:03:04",
                "12",
                "1:30 pm",
              ),
              anything,
            ),
          ),
        ),
        fc.constantFrom<Format>({ clock: true }, { clock: true, missing: ["0:00"] }),
        (texts, format) => expectEqual(texts, { kind: "number", precision: "float64", format }),
      ),
      runs,
    ));

  it("booleans", () =>
    fc.assert(
      fc.asyncProperty(
        lists(
          around(
            fc.oneof(
              fc.constantFrom("Yes", "NO", "true", "False", "1", "0", "是", "无", "on", "2"),
              anything,
            ),
          ),
        ),
        fc.constantFrom<Format>(
          {},
          { trueText: ["yes"], falseText: ["no"] },
          { trueText: ["有"], falseText: ["无"] },
        ),
        (texts, format) => expectEqual(texts, { kind: "boolean", format }),
      ),
      runs,
    ));

  it("times in ISO 8601", () =>
    fc.assert(
      fc.asyncProperty(
        lists(
          around(
            fc.oneof(
              fc
                .tuple(dateText, timeText, zoneText)
                .map(([date, time, zone]) => date.join("-") + time + zone),
              anything,
            ),
          ),
        ),
        (texts) => expectEqual(texts, { kind: "datetime", format: { datetime: "iso" } }),
      ),
      { numRuns: 20 },
    ));

  it.each([
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%y",
    "%Y年%m月%d日",
    "%d %b %Y",
    "%B %d, %Y",
    "%Y%m%d",
    "%m/%d/%Y %I:%M %p",
    "%d-%b-%y",
    "%Y-%m",
  ])("times written as %s", (pattern) => {
    const months = ["Jan", "feb", "MAR", "Apr", "May", "June", "sept", "December", "Foo"];
    const text = fc
      .tuple(dateText, fc.constantFrom(...months), timeText, fc.constantFrom("am", "PM"))
      .map(([[year, month, day], name, time, half]) => {
        const clock = time.slice(1) || "01:02:03";
        const [hour, minute, second] = clock.split(":");
        const parts: Record<string, string> = {
          Y: year,
          y: year.slice(-2),
          m: month,
          d: day,
          b: name,
          B: name,
          H: hour!,
          I: hour!,
          M: minute!,
          S: second!,
          p: half,
        };
        return pattern.replace(/%(.)/g, (_, directive: string) => parts[directive]!);
      });
    return fc.assert(
      fc.asyncProperty(lists(around(fc.oneof(text, anything))), (texts) =>
        expectEqual(texts, { kind: "datetime", format: { datetime: pattern } }),
      ),
      { numRuns: 3 },
    );
  });

  it("categories, ids and texts", () =>
    fc.assert(
      fc.asyncProperty(
        lists(around(fc.oneof(anything, numberText))),
        fc.constantFrom<Omit<ColumnSchema, "name" | "reason">>(
          { kind: "category" },
          { kind: "category", format: { missing: ["na", "无"] } },
          { kind: "category", numericCategory: true },
          { kind: "id", format: { missing: ["null"] } },
          { kind: "text", format: { missing: ["na"] } },
        ),
        expectEqual,
      ),
      runs,
    ));

  it("vectors in text", async () => {
    const texts = [
      "[1, 2.5, 3]",
      "[1,2]",
      "[]",
      "null",
      "[1, null, 2]",
      '["a", 1, 2]',
      "[1e2,-0.5,3]",
      " [1,2,3] ",
    ];
    const both = await readBoth(texts, { kind: "vector", format: { width: 3 } });
    for (const [row, text] of both.texts.entries()) {
      const parsed = parseVector(text, { width: 3 });
      const expected =
        parsed && parsed.length === 3 ? [...Float32Array.from(parsed)] : [Number.NaN, Number.NaN, Number.NaN];
      expect({ text, value: valueAt(both.column, row) }).toEqual({ text, value: expected });
    }
  });
});
