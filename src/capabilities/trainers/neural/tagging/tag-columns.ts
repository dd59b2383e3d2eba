/** The columns that a tagger takes, and the tags that are true of their pieces. */
import { QuernError } from "../../../../foundation/base/errors.js";
import {
  type Frame,
  type TokensColumn,
  takeColumn,
  takeRows,
} from "../../../../foundation/contracts/frame.js";
import type { GraphColumn, GraphValue } from "../../../../foundation/contracts/graph.js";
import { type TextSpan, takeStructures } from "../../../../foundation/contracts/structured.js";
import type { StructuredRows } from "../../../../foundation/contracts/structured-trainer.js";
import { tagCode } from "../../../../foundation/contracts/tag-sequence.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";

/** Last part of a name that the transforms `words` and `word-subwords` give their columns. */
const partOf = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** Token columns by the last part of their names. @throws Error where one is missing: a bug of the feature plan */
export function tokenColumns<Part extends string>(
  frame: Frame,
  parts: readonly Part[],
): Record<Part, TokensColumn> {
  const columns = new Map([...frame.columns].map(([name, column]) => [partOf(name), column]));
  const entries = parts.map((part) => {
    const column = columns.get(part);
    if (column?.kind !== "tokens") throw new Error(`The features have no tokens called ${part}.`);
    return [part, column] as const;
  });
  return Object.fromEntries(entries) as Record<Part, TokensColumn>;
}

/** The same inside a graph. */
export function tokenValues(columns: readonly GraphColumn[]): Record<string, GraphValue> {
  return Object.fromEntries(columns.map(({ name, value }) => [partOf(name), value]));
}

/** Int32 [rows, length] by the last part of their names. */
export function tokenTensors(columns: Readonly<Record<string, TokensColumn>>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(columns).map(([part, { values, length }]) => [
      part,
      { type: "int32", shape: [length === 0 ? 0 : values.length / length, length], data: values } as const,
    ]),
  );
}

/**
 * Tags of the pieces of each text, row-major [rows, L], as `tagNames` orders them. A piece that an entity touches belongs to
 * it; an entity that goes on behind the last piece ends there.
 */
export function truePieces(
  rows: readonly (readonly TextSpan[])[],
  { values, length: places }: TokensColumn,
): BigInt64Array {
  const length = places / 2;
  const tags = new BigInt64Array(rows.length * length);
  for (const [row, spans] of rows.entries()) {
    const at = (place: number) => values[2 * row * length + place]!;
    for (const { start, end, label } of spans) {
      let first = 0;
      while (first < length && at(2 * first + 1) <= start && at(2 * first + 1) > 0) first++;
      let behind = first;
      while (behind < length && at(2 * behind + 1) > 0 && at(2 * behind) < end) behind++;
      for (let piece = first; piece < behind; piece++) {
        const isFirst = piece === first;
        const isLast = piece === behind - 1;
        const part = isFirst ? (isLast ? "S" : "B") : isLast ? "E" : "I";
        tags[row * length + piece] = BigInt(tagCode(label, part));
      }
    }
  }
  return tags;
}

/** Rows to judge by. */
export interface JudgedTexts {
  readonly features: Frame;
  /** Row-major [rows, L]. */
  readonly truth: BigInt64Array;
  readonly labels: readonly string[];
}

/** The rows to judge by, those without a word left out; undefined where none is left. */
export function judgedTexts(
  rows: StructuredRows<"tagging"> | undefined,
  parts: readonly string[],
): JudgedTexts | undefined {
  if (!rows) return undefined;
  const { spans } = tokenColumns(rows.features, [...parts, "spans"]);
  const kept = rowsWithPieces(spans!);
  if (kept.length === 0) return undefined;
  const features = takeRows(rows.features, kept);
  const target = takeStructures(rows.target, kept);
  const truth = truePieces(target.rows, tokenColumns(features, ["spans"]).spans);
  return { features, truth, labels: target.labels };
}

const rowsWithPieces = ({ values, length }: TokensColumn): Int32Array =>
  Int32Array.from({ length: values.length / length }, (_, row) => row).filter(
    (row) => values[row * length + 1]! > 0,
  );

/** Texts with at least one piece: others teach nothing. @throws QuernError TRAINING_FAILED where there is none */
export function readableRows(spans: TokensColumn, trainer: string): Int32Array {
  const readable = rowsWithPieces(spans);
  if (readable.length > 0) return readable;
  throw new QuernError("TRAINING_FAILED", `The trainer ${trainer} found no text with a word.`, {
    details: { trainer },
  });
}

/** The rows of each column. */
export function takeTokens<Part extends string>(
  columns: Readonly<Record<Part, TokensColumn>>,
  rows: Int32Array,
): Record<Part, TokensColumn> {
  return Object.fromEntries(
    Object.entries<TokensColumn>(columns).map(([part, column]) => [part, takeColumn(column, rows)]),
  ) as Record<Part, TokensColumn>;
}
