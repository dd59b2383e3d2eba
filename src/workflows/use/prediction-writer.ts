import { randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { openTable, quoteIdentifier, quoteText, type Table } from "../../engines/table/index.js";
import { syncFolder, translateDiskError } from "../../foundation/base/atomic-file.js";
import { csvLine } from "../../foundation/base/csv-line.js";
import { QuernError } from "../../foundation/base/errors.js";

/** Objects and lists are written as JSON. */
export type Cell = string | number | object;

export interface PredictionWriter {
  /** For each row its `prediction` and what belongs to it. */
  write(rows: readonly (readonly Cell[])[], ids: readonly string[] | undefined): Promise<void>;
  /** Makes the file visible, whole; returns its path. */
  finish(): Promise<string>;
  /** Leaves nothing behind. */
  discard(): void;
}

export interface PredictionWriterOptions {
  readonly id: string | undefined;
  /** What has a probability of its own; empty for regression. */
  readonly classes: readonly string[];
  /** What the column `prediction` holds. */
  readonly prediction: "number" | "text" | "json";
  /** Whether the ends of an interval are written too. */
  readonly interval: boolean;
  /** The rows that are predicted; its temporary folder holds the file on its way to Parquet. */
  readonly table: Table;
  readonly escapeFormulas: boolean;
}

const FORMATS = [".csv", ".jsonl", ".parquet"];

/** @throws QuernError USAGE for another ending, DISK_FULL */
export async function createPredictionWriter(
  out: string,
  folder: string,
  options: PredictionWriterOptions,
): Promise<PredictionWriter> {
  const target = resolve(folder, out);
  const format = extname(target).toLowerCase();
  if (!FORMATS.includes(format)) {
    throw new QuernError(
      "USAGE",
      `The output ${JSON.stringify(out)} ends in none of ${FORMATS.join(", ")}.`,
      { hint: "Name the file with one of these endings." },
    );
  }
  mkdirSync(dirname(target), { recursive: true });
  const names = [
    ...(options.id === undefined ? [] : [options.id]),
    "prediction",
    ...options.classes.map((label) => `probability_${label}`),
    ...(options.interval ? ["prediction_low", "prediction_high"] : []),
  ];
  const isCsv = format === ".csv";
  // Parquet is made of lines that hold structures as texts.
  const line: Line = isCsv
    ? (values) => csvLine(values.map(plainCell), options.escapeFormulas)
    : jsonLine(names, format === ".parquet");
  return new LineWriter(target, format, line, isCsv ? csvLine(names, false) : "", names, options);
}

type Line = (values: readonly Cell[]) => string;

const plainCell = (value: Cell): string | number =>
  typeof value === "object" ? JSON.stringify(value) : value;

const jsonLine = (names: readonly string[], holdsTexts: boolean): Line => {
  const keys = names.map((name) => JSON.stringify(name));
  const cell = (value: Cell): string => {
    const written = JSON.stringify(value);
    return holdsTexts && typeof value === "object" ? JSON.stringify(written) : written;
  };
  return (values) => `{${values.map((value, k) => `${keys[k]}:${cell(value)}`).join(",")}}\n`;
};

/** Writes lines to a temporary file beside the target; Parquet is made from them by the table engine at the end. */
class LineWriter implements PredictionWriter {
  readonly #target: string;
  readonly #temporary: string;
  readonly #format: string;
  readonly #line: Line;
  readonly #names: readonly string[];
  readonly #options: PredictionWriterOptions;
  readonly #handle: number;

  constructor(
    target: string,
    format: string,
    line: Line,
    header: string,
    names: readonly string[],
    options: PredictionWriterOptions,
  ) {
    this.#target = target;
    this.#format = format;
    this.#line = line;
    this.#names = names;
    this.#options = options;
    this.#temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
    this.#handle = openSync(this.#temporary, "wx");
    this.#append(header);
  }

  async write(rows: readonly (readonly Cell[])[], ids: readonly string[] | undefined): Promise<void> {
    const lines = rows.map((answer, row) => this.#line(ids ? [ids[row]!, ...answer] : answer));
    this.#append(lines.join(""));
  }

  async finish(): Promise<string> {
    fsyncSync(this.#handle);
    closeSync(this.#handle);
    if (this.#format === ".parquet") await this.#toParquet();
    renameSync(this.#temporary, this.#target);
    syncFolder(dirname(this.#target));
    return this.#target;
  }

  discard(): void {
    try {
      closeSync(this.#handle);
    } catch {
      // Closed already: finish() failed after its own close.
    }
    rmSync(this.#temporary, { force: true });
  }

  #append(text: string): void {
    try {
      const bytes = Buffer.from(text);
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(this.#handle, bytes, offset);
    } catch (cause) {
      throw translateDiskError(cause, this.#target);
    }
  }

  async #toParquet(): Promise<void> {
    const table = await openTable({ format: "jsonl", files: [{ path: this.#temporary }] }, { threads: 1 });
    try {
      const made = join(table.temporaryFolder, "predictions.parquet");
      const texts = new Set([
        this.#options.id,
        ...(this.#options.prediction === "number" ? [] : ["prediction"]),
      ]);
      const columns = this.#names.map(
        (name) =>
          `CAST(${quoteIdentifier(name)} AS ${texts.has(name) ? "VARCHAR" : "DOUBLE"}) AS ${quoteIdentifier(name)}`,
      );
      await table.query(
        `COPY (SELECT ${columns.join(", ")} FROM data ORDER BY ${quoteIdentifier(table.rowColumn)}) TO ${quoteText(made)} (FORMAT parquet)`,
      );
      copyFileSync(made, this.#temporary);
    } finally {
      await table.close();
    }
  }
}
