import { createHash } from "node:crypto";
import type { Clock } from "../../../foundation/base/clock.js";
import { groupsOf } from "../../../foundation/base/groups.js";
import { createJournal, type JournalWriter } from "../../../foundation/base/journal.js";
import type { Logger } from "../../../foundation/base/logger.js";
import type { BundleInput, BundleOutputs } from "../../../foundation/contracts/bundle.js";
import type { Prediction } from "../../../foundation/contracts/prediction.js";
import type {
  AnsweredRows,
  LoggedPrediction,
  PredictionLogCounts,
  PredictionLogSettings,
  PredictionSink,
} from "../../../foundation/contracts/prediction-log.js";
import { hasStructure } from "../../../foundation/contracts/structured-answers.js";
import { hashedCell, isLogged, loggedCell } from "./logged-cell.js";

export interface PredictionLogOptions {
  /** Of the journals. */
  readonly folder: string;
  readonly settings: PredictionLogSettings;
  /** Of hashed columns and of the subjects of experiments; secret. Asked for when there is something to hash. */
  readonly hashKey: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PredictionLog extends PredictionSink {
  counts(): PredictionLogCounts;
  /** Everything handed over before is durable, or counted as dropped. */
  flush(): Promise<void>;
  /** Flushes and closes the journal; rows handed over later are dropped. */
  close(): Promise<void>;
}

/** Rows are gathered this long, so that one sync serves many. */
const GATHER_MS = 50;
/** Rows turned into text at once; between them requests get their turn. */
const CHUNK_ROWS = 500;

export function createPredictionLog(options: PredictionLogOptions): PredictionLog {
  return new BoundedLog(options);
}

interface Waiting {
  readonly at: number;
  readonly answered: AnsweredRows;
  /** Positions of the rows that are kept. */
  readonly rows: readonly number[];
}

class BoundedLog implements PredictionLog {
  readonly #options: PredictionLogOptions;
  #queue: Waiting[] = [];
  #waiting = 0;
  #written = 0;
  #skipped = 0;
  #dropped = 0;
  #journal: JournalWriter | undefined;
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PredictionLogOptions) {
    this.#options = options;
  }

  record(answered: AnsweredRows): void {
    const { settings, clock } = this.#options;
    const sampled: number[] = [];
    for (const [row, id] of answered.ids.entries()) if (isSampled(id, settings.sample)) sampled.push(row);
    this.#skipped += answered.ids.length - sampled.length;
    const room = this.#closed ? 0 : Math.max(0, settings.queueRows - this.#waiting);
    const rows = sampled.slice(0, room);
    this.#dropped += sampled.length - rows.length;
    if (rows.length === 0) return;
    this.#waiting += rows.length;
    this.#queue.push({ at: clock.now(), answered, rows });
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  counts(): PredictionLogCounts {
    return {
      written: this.#written,
      skipped: this.#skipped,
      dropped: this.#dropped,
      waiting: this.#waiting,
    };
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = this.#work.then(() => this.#drain());
    return this.#work;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    await this.#journal?.close();
    this.#journal = undefined;
  }

  async #drain(): Promise<void> {
    const batch = this.#queue;
    this.#queue = [];
    const records = batch.flatMap(({ at, answered, rows }) => rows.map((row) => ({ at, answered, row })));
    for (const chunk of groupsOf(records, CHUNK_ROWS)) {
      try {
        await this.#write(chunk.map(({ at, answered, row }) => this.#toRecord(at, answered, row)));
        this.#written += chunk.length;
      } catch (cause) {
        this.#dropped += chunk.length;
        await this.#abandon(cause);
      } finally {
        this.#waiting -= chunk.length;
      }
    }
  }

  async #write(records: readonly LoggedPrediction[]): Promise<void> {
    this.#journal ??= await createJournal(this.#options.folder);
    await this.#journal.append(records);
    if (this.#journal.records < this.#options.settings.segmentRows) return;
    const full = this.#journal;
    this.#journal = undefined;
    await full.close();
  }

  /** Serving goes on without the log; the next rows try a new journal. */
  async #abandon(cause: unknown): Promise<void> {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#options.logger.log("error", "Predictions could not be logged.", { reason });
    const broken = this.#journal;
    this.#journal = undefined;
    await broken?.close().catch(() => undefined);
  }

  #toRecord(
    at: number,
    { manifest, ids, rows, predictions, role = "live", assignment }: AnsweredRows,
    row: number,
  ): LoggedPrediction {
    const { settings, hashKey } = this.#options;
    const ruleOf = (input: BundleInput) =>
      isLogged(input) ? (settings.columns[input.column.name] ?? "keep") : "drop";
    const redacted = manifest.inputs
      .filter((input) => ruleOf(input) !== "keep")
      .map(({ column }) => column.name);
    const inputs = manifest.inputs.map((input) => {
      const { name } = input.column;
      const rule = ruleOf(input);
      if (rule === "drop") return "";
      const values = rows[row]!;
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      const text = loggedCell(input, value, settings.maximumTextLength);
      return rule === "hash" ? hashedCell(name, text, hashKey()) : text;
    });
    return {
      id: ids[row]!,
      at,
      model: manifest.name,
      version: manifest.version,
      role,
      ...answerOf(predictions[row]!, manifest.outputs),
      inputs,
      ...(redacted.length > 0 ? { redacted } : {}),
      ...(assignment ? unitOf(assignment, hashKey()) : {}),
    };
  }
}

function unitOf(
  { experiment, subject }: NonNullable<AnsweredRows["assignment"]>,
  key: string,
): Pick<LoggedPrediction, "experiment" | "unit"> {
  return { experiment, unit: hashedCell(`subject of ${experiment}`, subject, key) };
}

function answerOf(
  prediction: Prediction,
  outputs: BundleOutputs,
): Pick<LoggedPrediction, "answer" | "probabilities"> {
  // Pictures and vectors are too large to be kept with every answer.
  if ("mask" in prediction || "vector" in prediction) return { answer: "", probabilities: [] };
  if (hasStructure(outputs) || !("label" in prediction || "prediction" in prediction)) {
    return { answer: JSON.stringify(prediction), probabilities: [] };
  }
  if ("prediction" in prediction || outputs.kind !== "classes") {
    const value = "prediction" in prediction ? prediction.prediction : Number.NaN;
    return { answer: Number.isFinite(value) ? String(value) : "", probabilities: [] };
  }
  return {
    answer: prediction.label,
    probabilities: outputs.classes.map((name) => prediction.probabilities[name]!),
  };
}

/** Of the id alone: every process and every version keeps the same predictions. */
function isSampled(id: string, share: number): boolean {
  if (share >= 1) return true;
  return createHash("sha256").update(id).digest().readUInt32BE(0) / 2 ** 32 < share;
}
