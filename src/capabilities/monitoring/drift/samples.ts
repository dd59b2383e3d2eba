import type { Column } from "../../../foundation/contracts/frame.js";

/** A column on both sides in the form in which it is compared. */
export type PairedSample =
  | {
      readonly kind: "ordered";
      /** Ascending, present values only. */
      readonly reference: Float64Array;
      readonly current: Float64Array;
    }
  | {
      readonly kind: "counted";
      /** Values of either side, by code unit or by number. */
      readonly labels: readonly string[];
      readonly reference: Float64Array;
      readonly current: Float64Array;
    };

/** Numbers with no more distinct values are compared as categories: tests of order are blind where ties abound. */
const MOST_COUNTED_NUMBERS = 20;

/** @returns undefined for kinds that say nothing by themselves: ids, vectors, and times, which move by nature */
export function pairSamples(reference: Column, current: Column): PairedSample | undefined {
  if (reference.kind === "category" && current.kind === "category") {
    return countTexts(textsOf(reference), textsOf(current));
  }
  if (reference.kind === "text" && current.kind === "text") {
    const lengths = (values: readonly string[]) =>
      Float64Array.from(
        values.filter((text) => text !== ""),
        (text) => text.length,
      ).sort();
    return { kind: "ordered", reference: lengths(reference.values), current: lengths(current.values) };
  }
  const [left, right] = [numbersOf(reference), numbersOf(current)];
  if (!left || !right) return undefined;
  const distinct = distinctNumbers(left, right);
  if (!distinct) return { kind: "ordered", reference: left, current: right };
  return {
    kind: "counted",
    labels: distinct.map(String),
    reference: countNumbers(left, distinct),
    current: countNumbers(right, distinct),
  };
}

/** Rows without a value. */
export function missingRows(column: Column): number {
  switch (column.kind) {
    case "category":
      return column.codes.reduce((sum, code) => sum + (code < 0 ? 1 : 0), 0);
    case "text":
    case "id":
      return column.values.reduce((sum, text) => sum + (text === "" ? 1 : 0), 0);
    case "vector": {
      let missing = 0;
      for (let start = 0; start < column.values.length; start += column.width)
        if (Number.isNaN(column.values[start])) missing += 1;
      return missing;
    }
    default: {
      let missing = 0;
      for (const value of column.values) if (Number.isNaN(value)) missing += 1;
      return missing;
    }
  }
}

function textsOf(column: Column & { kind: "category" }): Map<string, number> {
  const counts = new Map<string, number>();
  for (const code of column.codes) {
    if (code < 0) continue;
    const text = column.dictionary[code]!;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}

function countTexts(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
): PairedSample {
  const labels = [...new Set([...reference.keys(), ...current.keys()])].sort();
  const counts = (of: ReadonlyMap<string, number>) =>
    Float64Array.from(labels, (label) => of.get(label) ?? 0);
  return { kind: "counted", labels, reference: counts(reference), current: counts(current) };
}

function numbersOf(column: Column): Float64Array | undefined {
  if (column.kind !== "number" && column.kind !== "boolean") return undefined;
  return Float64Array.from(column.values)
    .filter((value) => !Number.isNaN(value))
    .sort();
}

function distinctNumbers(left: Float64Array, right: Float64Array): number[] | undefined {
  const distinct = new Set<number>();
  for (const values of [left, right]) {
    for (const value of values) {
      // -0 and 0 are one value.
      distinct.add(value + 0);
      if (distinct.size > MOST_COUNTED_NUMBERS) return undefined;
    }
  }
  return [...distinct].sort((a, b) => a - b);
}

function countNumbers(values: Float64Array, distinct: readonly number[]): Float64Array {
  const position = new Map(distinct.map((value, index) => [value, index]));
  const counts = new Float64Array(distinct.length);
  for (const value of values) counts[position.get(value + 0)!]! += 1;
  return counts;
}
