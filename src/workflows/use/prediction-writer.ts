import { randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { openTable, quoteIdentifier, quoteText, type Table } from "../../engines/table/index.js";
import { syncFolder } from "../../foundation/base/atomic-file.js";
import { csvLine } from "../../foundation/base/csv-line.js";
import { translateWriteError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";

import type { WrittenPart } from "./prediction-progress.js";

/** Objects and lists are written as JSON; null is nothing. */
export type Cell = string | number | object | null;

/** A row without an answer. */
export class UnansweredRow {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export interface PredictionWriter {
  /** For each row its `prediction` and what belongs to it. */
  write(
    rows: readonly (readonly Cell[] | UnansweredRow)[],
    ids: readonly string[] | undefined,
  ): Promise<void>;
  /** Makes what was written durable; `rows` are those of all writes. */
  flush(): WrittenPart;
  /** Makes the file visible, whole; returns its path. */
  finish(): Promise<string>;
  /** Leaves the lines for another run. */
  close(): void;
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
  /** Whether rows may have no answer: a last column `error` says why. */
  readonly errors: boolean;
  /** The rows that are predicted; its temporary folder holds the file on its way to Parquet. */
  readonly table: Table;
  readonly escapeFormulas: boolean;
  /** Lines to go on with. */
  readonly written: WrittenPart | undefined;
}

const FORMATS = [".csv", ".jsonl", ".parquet"];

/** @throws QuernError USAGE for another ending */
export function outputTarget(out: string, folder: string): string {
  const target = resolve(folder, out);
  if (FORMATS.includes(extname(target).toLowerCase())) return target;
  throw new QuernError("USAGE", `The output ${JSON.stringify(out)} ends in none of ${FORMATS.join(", ")}.`, {
    hint: "Name the file with one of these endings.",
  });
}

/** @param target from `outputTarget` @throws QuernError DISK_FULL */
export function createPredictionWriter(target: string, options: PredictionWriterOptions): PredictionWriter {
  const format = extname(target).toLowerCase();
  makeFolder(dirname(target));
  const names = [
    ...(options.id === undefined ? [] : [options.id]),
    "prediction",
    ...options.classes.map((label) => `probability_${label}`),
    ...(options.interval ? ["prediction_low", "prediction_high"] : []),
    ...(options.errors ? ["error"] : []),
  ];
  const isCsv = format === ".csv";
  // Parquet is made of lines that hold structures as texts.
  const line: Line = isCsv
    ? (values) => csvLine(values.map(plainCell), options.escapeFormulas)
    : jsonLine(names, format === ".parquet");
  return new LineWriter(target, format, line, isCsv ? csvLine(names, false) : "", names, options);
}

type Line = (values: readonly Cell[]) => string;

const plainCell = (value: Cell): string | number => {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : value;
};

const jsonLine = (names: readonly string[], holdsTexts: boolean): Line => {
  const keys = names.map((name) => JSON.stringify(name));
  const cell = (value: Cell): string => {
    const written = JSON.stringify(value);
    return holdsTexts && typeof value === "object" && value !== null ? JSON.stringify(written) : written;
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
  #rows = 0;
  #bytes = 0;
  #failed = 0;

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
    const { written } = options;
    this.#temporary = written?.path ?? `${target}.${randomBytes(6).toString("hex")}.tmp`;
    this.#handle = this.#translated(() => openSync(this.#temporary, written ? "r+" : "wx"));
    if (written) {
      ftruncateSync(this.#handle, written.bytes);
      this.#rows = written.rows;
      this.#failed = written.failed;
      this.#bytes = written.bytes;
    } else this.#append(header);
  }

  async write(
    rows: readonly (readonly Cell[] | UnansweredRow)[],
    ids: readonly string[] | undefined,
  ): Promise<void> {
    const lines = rows.map((answer, row) =>
      this.#line([...(ids ? [ids[row]!] : []), ...this.#cells(answer)]),
    );
    this.#append(lines.join(""));
    this.#rows += rows.length;
    this.#failed += rows.filter((answer) => answer instanceof UnansweredRow).length;
  }

  #cells(answer: readonly Cell[] | UnansweredRow): readonly Cell[] {
    const { id, errors } = this.#options;
    if (!(answer instanceof UnansweredRow)) return errors ? [...answer, null] : answer;
    const empty = this.#names.length - 1 - (id === undefined ? 0 : 1);
    return [...new Array<null>(empty).fill(null), answer.reason];
  }

  flush(): WrittenPart {
    fsyncSync(this.#handle);
    return { path: this.#temporary, rows: this.#rows, bytes: this.#bytes, failed: this.#failed };
  }

  close(): void {
    closeSync(this.#handle);
  }

  async finish(): Promise<string> {
    fsyncSync(this.#handle);
    closeSync(this.#handle);
    if (this.#format === ".parquet") await this.#toParquet();
    else this.#translated(() => renameSync(this.#temporary, this.#target));
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
    this.#translated(() => {
      const bytes = Buffer.from(text);
      for (let offset = 0; offset < bytes.length; ) {
        offset += writeSync(this.#handle, bytes, offset, bytes.length - offset, this.#bytes + offset);
      }
      this.#bytes += bytes.length;
    });
  }

  /** What the disk refuses, as what it means for the output. */
  #translated<T>(write: () => T): T {
    try {
      return write();
    } catch (cause) {
      throw translateWriteError(cause, this.#target);
    }
  }

  async #toParquet(): Promise<void> {
    const table = await openTable({ format: "jsonl", files: [{ path: this.#temporary }] }, { threads: 1 });
    try {
      const made = join(table.temporaryFolder, "predictions.parquet");
      const texts = new Set([
        this.#options.id,
        "error",
        ...(this.#options.prediction === "number" ? [] : ["prediction"]),
      ]);
      const columns = this.#names.map(
        (name) =>
          `CAST(${quoteIdentifier(name)} AS ${texts.has(name) ? "VARCHAR" : "DOUBLE"}) AS ${quoteIdentifier(name)}`,
      );
      await table.query(
        `COPY (SELECT ${columns.join(", ")} FROM data ORDER BY ${quoteIdentifier(table.rowColumn)}) TO ${quoteText(made)} (FORMAT parquet)`,
      );
      // The lines stay whole until the file is there.
      const copy = `${this.#temporary}.parquet`;
      this.#translated(() => {
        copyFileSync(made, copy);
        renameSync(copy, this.#target);
      });
      rmSync(this.#temporary, { force: true });
    } finally {
      await table.close();
    }
  }
}
