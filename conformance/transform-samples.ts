/** Frames that bring out what a transform gets wrong: one or two columns of each kind it accepts. */
import { createRandom } from "../src/foundation/base/random.js";
import { type Column, createFrame, type Frame } from "../src/foundation/contracts/frame.js";
import type { Target } from "../src/foundation/contracts/target.js";
import type { Transform } from "../src/foundation/contracts/transform.js";

export type SampleName = "training" | "ugly" | "unseen" | "one-row" | "no-rows" | "all-missing" | "constant";
type Kind = Transform["accepts"][number];

const TRAINING_ROWS = 60;
const DAY_MS = 86_400_000;

const UGLY_NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  -7.25,
  1e-3,
  1e-30,
  1e-40,
  -1e-42,
  1e8,
  -1e8,
  16777217,
  1e30,
  -1e30,
  3e38,
  -3e38,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];
const UGLY_TEXTS = [
  "",
  " ",
  "red",
  "RED",
  "Red ",
  "blue",
  "constructor",
  "__proto__",
  "中文",
  "中文 分词，测试。",
  "😀",
  "👩‍👩‍👧",
  "e\u0301",
  "é",
  "İstanbul",
  "ß",
  "line\nbreak",
  "tab\tbed",
  "a,b\"c'",
  "0",
  "3.0",
  "NaN",
  "(other)",
  "x".repeat(500),
];
const UGLY_DATES = [
  "0000-01-01T00:00:00Z",
  "0000-02-29T12:00:00Z",
  "0001-01-01T00:00:00Z",
  "0099-12-31T23:59:59.999Z",
  "1582-10-15T00:00:00Z",
  "1600-02-29T00:00:00Z",
  "1899-12-31T23:59:59Z",
  "1900-03-01T00:00:00Z",
  "1969-12-31T23:59:59.999Z",
  "1970-01-01T00:00:00Z",
  "2000-02-29T06:07:08Z",
  "2024-12-31T23:00:00Z",
  "2100-02-28T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
].map((text) => Date.parse(text));

/** @returns a frame with columns of the given kinds; the same for the same arguments. */
export function sampleFrame(kinds: readonly Kind[], name: SampleName): Frame {
  const columns = kinds.flatMap((kind) =>
    [0, 1].map((index) => [`${kind} ${index}`, sampleColumn(kind, name, index)] as const),
  );
  return createFrame(columns);
}

/** A target for as many rows; three classes, or numbers. */
export function sampleTarget(rows: number, task: Target["task"]): Target {
  const random = createRandom(`target ${task}`);
  if (task === "regression") {
    return { task, values: Float64Array.from({ length: rows }, () => random.normal() * 3 + 1) };
  }
  const classes = task === "binary" ? ["no", "yes"] : ["a", "b", "中"];
  return { task, classes, codes: Int32Array.from({ length: rows }, () => random.integer(classes.length)) };
}

function sampleColumn(kind: Kind, name: SampleName, index: number): Column {
  switch (kind) {
    case "number":
      return { kind, values: Float32Array.from(numbers(name, index)) };
    case "boolean":
      return {
        kind,
        values: Float32Array.from(numbers(name, index), (x) => (Number.isNaN(x) ? x : x > 0 ? 1 : 0)),
      };
    case "datetime":
      return { kind, values: Float64Array.from(dates(name, index)) };
    case "category":
      return category(texts(name, index));
    case "text":
    case "id":
      return { kind, values: texts(name, index) };
    case "vector":
      return vector(name, index);
    case "image":
      return image(name, index);
    case "tokens":
      throw new Error("No transform takes tokens.");
  }
}

function numbers(name: SampleName, index: number): number[] {
  const random = createRandom(`numbers ${index}`);
  switch (name) {
    case "training":
      return Array.from({ length: TRAINING_ROWS }, (_, row) => {
        if (row % 11 === index) return Number.NaN;
        return index === 0 ? random.normal() * 40 - 3 : Math.round(Math.abs(random.normal()) * 4);
      });
    case "ugly":
    case "unseen":
      return index === 0 ? UGLY_NUMBERS : [...UGLY_NUMBERS].reverse();
    case "one-row":
      return [2.5];
    case "no-rows":
      return [];
    case "all-missing":
      return Array.from({ length: 5 }, () => Number.NaN);
    case "constant":
      return Array.from({ length: 8 }, () => 3.3);
  }
}

function image(name: SampleName, index: number): Column {
  const random = createRandom(`image ${index}`);
  const pixels = numbers(name, index).flatMap(() =>
    Array.from({ length: 2 * 3 * 3 }, () => random.integer(256)),
  );
  return { kind: "image", values: Uint8Array.from(pixels), height: 2, width: 3, channels: 3 };
}

function dates(name: SampleName, index: number): number[] {
  const random = createRandom(`dates ${index}`);
  switch (name) {
    case "training":
      return Array.from({ length: TRAINING_ROWS }, (_, row) =>
        row % 9 === 4
          ? Number.NaN
          : Math.floor(random.uniform() * 20_000 * DAY_MS * (index + 1)) - 3000 * DAY_MS,
      );
    case "ugly":
    case "unseen":
      return padded([...UGLY_DATES, Number.NaN], UGLY_NUMBERS.length);
    case "one-row":
      return [Date.UTC(2024, 1, 29, 13)];
    default:
      return numbers(name, index).map((value) => (Number.isNaN(value) ? value : Date.UTC(2020, 5, 1)));
  }
}

function texts(name: SampleName, index: number): string[] {
  const random = createRandom(`texts ${index}`);
  const words = ["red", "green", "blue", "Blue", "中文", "分词", "😀", "e\u0301", "dark-red", "__proto__"];
  switch (name) {
    case "training":
      return Array.from({ length: TRAINING_ROWS }, (_, row) => {
        if (row % 10 === 3 + index) return "";
        const first = words[Math.min(random.integer(words.length), random.integer(words.length))]!;
        return row % 4 === 0 ? `${first} ${words[random.integer(words.length)]}` : first;
      });
    case "ugly":
      return padded(UGLY_TEXTS, UGLY_NUMBERS.length);
    case "unseen":
      return padded(UGLY_TEXTS.slice(3).reverse(), UGLY_NUMBERS.length);
    case "one-row":
      return ["blue"];
    default:
      return numbers(name, index).map((value) => (Number.isNaN(value) ? "" : "green"));
  }
}

function category(values: readonly string[]): Column {
  const dictionary = [...new Set(values)].filter((value) => value !== "");
  return {
    kind: "category",
    codes: Int32Array.from(values, (value) => dictionary.indexOf(value)),
    dictionary: [...dictionary, "in no row"],
  };
}

function vector(name: SampleName, index: number): Column {
  const width = index + 2;
  const parts = Array.from({ length: width }, (_, k) => numbers(name, k % 2));
  const values = parts[0]!.flatMap((_, row) => parts.map((part) => part[row]!));
  return { kind: "vector", values: Float32Array.from(values), width };
}

/** Repeats or cuts to a length, so that columns of different kinds fit in one frame. */
function padded<T>(values: readonly T[], length: number): T[] {
  return Array.from({ length }, (_, row) => values[row % values.length]!);
}
