import type { Column, NumberColumn } from "../../foundation/contracts/frame.js";

/**
 * The rows of one column and then those of another of the same kind.
 * @throws Error for columns of different kinds or widths: a bug of the caller.
 */
export function joinColumns(first: Column, second: Column): Column {
  if (first.kind === "category" && second.kind === "category") return joinCategories(first, second);
  if (first.kind === "number" && second.kind === "number")
    return { ...first, values: joinNumbers(first, second) };
  if (first.kind === "boolean" && second.kind === "boolean")
    return { kind: "boolean", values: joined(Float32Array, first.values, second.values) };
  if (first.kind === "datetime" && second.kind === "datetime")
    return { kind: "datetime", values: joined(Float64Array, first.values, second.values) };
  if (first.kind === "vector" && second.kind === "vector" && first.width === second.width)
    return { ...first, values: joined(Float32Array, first.values, second.values) };
  if ((first.kind === "text" || first.kind === "id") && first.kind === second.kind) {
    return { kind: first.kind, values: [...first.values, ...second.values] };
  }
  throw new Error(`A ${first.kind} column cannot be joined with a ${second.kind} column.`);
}

function joinNumbers(first: NumberColumn, second: NumberColumn): Float32Array | Float64Array {
  const narrow = first.values instanceof Float32Array && second.values instanceof Float32Array;
  return narrow
    ? joined(Float32Array, first.values, second.values)
    : joined(Float64Array, first.values, second.values);
}

/** Spread into the arguments of a call, the values of a large column would not fit on its stack. */
function joined<Values extends { set(values: ArrayLike<number>, offset?: number): void }>(
  type: new (length: number) => Values,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): Values {
  const values = new type(first.length + second.length);
  values.set(first);
  values.set(second, first.length);
  return values;
}

function joinCategories(
  first: Extract<Column, { kind: "category" }>,
  second: Extract<Column, { kind: "category" }>,
): Column {
  const dictionary = [...first.dictionary];
  const codeOf = new Map(dictionary.map((text, code) => [text, code]));
  const translated = second.dictionary.map((text) => {
    const known = codeOf.get(text);
    if (known !== undefined) return known;
    codeOf.set(text, dictionary.length);
    return dictionary.push(text) - 1;
  });
  const others = second.codes.map((code) => (code < 0 ? -1 : translated[code]!));
  return { kind: "category", codes: joined(Int32Array, first.codes, others), dictionary };
}
