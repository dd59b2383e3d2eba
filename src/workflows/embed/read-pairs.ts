/** Pairs of texts from a file, divided so that no text is judged that was learnt from. */

import type { Table } from "../../engines/table/index.js";
import { readFrame } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { gather } from "../../foundation/base/gather.js";
import { nearest } from "../../foundation/base/nearest.js";
import type { Random } from "../../foundation/base/random.js";
import type { Frame, NumberColumn, TextColumn } from "../../foundation/contracts/frame.js";
import type { WorkflowContext } from "../context.js";
import { openRows } from "../use/reading.js";

export interface PairColumns {
  /** Default: the first two columns of texts. */
  readonly first?: string | undefined;
  readonly second?: string | undefined;
  /** How much belongs together. Default: the third of three columns, where it is a number; absent: every row belongs together. */
  readonly score?: string | undefined;
}

export interface TextPairs {
  /** Names of the columns that were read. */
  readonly columns: { readonly first: string; readonly second: string; readonly score: string | null };
  readonly first: readonly string[];
  readonly second: readonly string[];
  readonly scores: Float64Array | undefined;
  /** Rows without a text or a score, left out. */
  readonly dropped: number;
}

/** @throws QuernError DATA_COLUMN_UNKNOWN, DATA_SCHEMA; what opening the file throws */
export async function readPairs(
  source: string,
  wanted: PairColumns,
  context: WorkflowContext,
  allowHost: readonly string[],
): Promise<TextPairs> {
  const data = await openRows(source, { allowHost }, context);
  try {
    const columns = pairColumns(data.table, wanted);
    const reason = "One of a pair of texts.";
    const frame = await readFrame(data.table, [
      { name: columns.first, kind: "text", reason },
      { name: columns.second, kind: "text", reason },
      ...(columns.score === null
        ? []
        : [{ name: columns.score, kind: "number" as const, reason: "How much a pair belongs together." }]),
    ]);
    return pairsOf(frame, columns);
  } finally {
    await data.close();
  }
}

function pairColumns(table: Table, { first, second, score }: PairColumns): TextPairs["columns"] {
  const names = table.columns.map(({ name }) => name);
  for (const name of [first, second, score]) {
    if (name === undefined || names.includes(name)) continue;
    const guess = nearest(name, names);
    throw new QuernError(
      "DATA_COLUMN_UNKNOWN",
      `The pairs have no column ${JSON.stringify(name)}${guess === undefined ? "." : `; did you mean ${JSON.stringify(guess)}?`}`,
      { details: { column: name, columns: names.slice(0, 100) } },
    );
  }
  const texts = table.columns
    .filter(({ name, storage }) => storage === "text" && ![first, second, score].includes(name))
    .map(({ name }) => name);
  const one = first ?? texts.shift();
  const other = second ?? texts.shift();
  if (one === undefined || other === undefined || one === other) {
    throw new QuernError("DATA_SCHEMA", "The pairs need two columns of texts.", {
      hint: "Name them: --first question --second answer.",
      details: { columns: names.slice(0, 100) },
    });
  }
  const rest = table.columns.filter(({ name }) => name !== one && name !== other);
  const only = rest.length === 1 && rest[0]!.storage !== "text" ? rest[0]!.name : null;
  return { first: one, second: other, score: score ?? only };
}

function pairsOf(frame: Frame, columns: TextPairs["columns"]): TextPairs {
  const texts = (name: string) => (frame.columns.get(name) as TextColumn).values;
  const [first, second] = [texts(columns.first), texts(columns.second)];
  const score =
    columns.score === null ? undefined : (frame.columns.get(columns.score) as NumberColumn).values;
  const kept = Array.from(first.keys()).filter(
    (row) =>
      first[row]!.trim() !== "" && second[row]!.trim() !== "" && (!score || Number.isFinite(score[row]!)),
  );
  return {
    columns,
    first: kept.map((row) => first[row]!),
    second: kept.map((row) => second[row]!),
    scores: score && gather(score, kept),
    dropped: frame.rows - kept.length,
  };
}

/** Equal texts have equal numbers. */
export function textNumbers(texts: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(texts, (text) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
}

export interface PairParts {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

const LEAST_TEXTS = 20;
const HELD_OUT = 0.1;

/**
 * Rows to learn from, a tenth to choose the weights by and a tenth to judge them by; pairs of one first text stay together.
 * @throws QuernError DATA_TOO_FEW_ROWS
 */
export function dividePairs({ first }: Pick<TextPairs, "first">, random: Random): PairParts {
  const numbers = textNumbers(first);
  const groups = numbers.reduce((most, number) => Math.max(most, number + 1), 0);
  if (groups < LEAST_TEXTS) {
    throw new QuernError(
      "DATA_TOO_FEW_ROWS",
      `Only ${groups} different first texts: pairs are learnt from ${LEAST_TEXTS} on.`,
      { details: { texts: groups } },
    );
  }
  const place = random.permutation(groups);
  const held = Math.ceil(HELD_OUT * groups);
  const rows = (from: number, to: number) =>
    Int32Array.from(numbers.keys()).filter((row) => {
      const at = place[numbers[row]!]!;
      return at >= from && at < to;
    });
  return { test: rows(0, held), validation: rows(held, 2 * held), train: rows(2 * held, groups) };
}
