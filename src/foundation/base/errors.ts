/**
 * Every failure a user can meet, in one table: code -> HTTP status, exit code, hint.
 * Only `entries/http` and `entries/cli` translate codes; everyone else throws `QuernError`.
 * Bugs stay plain `Error`s: they become 500 and exit code 1.
 */
export const ERROR_TABLE = {
  // input data
  DATA_NOT_FOUND: {
    http: 404,
    exit: 2,
    hint: "Check the path; a folder, a glob or `-` for standard input work too.",
  },
  DATA_EMPTY: { http: 400, exit: 2, hint: "Give a file with a header line and at least one row." },
  DATA_MALFORMED: { http: 400, exit: 2, hint: "Correct the named line, or name the format with `--format`." },
  DATA_ENCODING: {
    http: 400,
    exit: 2,
    hint: "Save the file as UTF-8, or name its encoding with `--encoding`.",
  },
  DATA_UNSUPPORTED: { http: 415, exit: 2, hint: "Use CSV, TSV, JSON, JSON Lines, Parquet or Excel (.xlsx)." },
  DATA_TOO_LARGE: { http: 413, exit: 2, hint: "Split the input or raise the limit the message names." },
  DATA_SCHEMA: { http: 400, exit: 2, hint: "Make the columns of every file equal, or choose one file." },
  DATA_COLUMN_UNKNOWN: { http: 400, exit: 2, hint: "Use one of the columns the message lists." },
  DATA_TOO_FEW_ROWS: { http: 400, exit: 2, hint: "Give more rows." },
  TARGET_UNUSABLE: { http: 400, exit: 2, hint: "Choose a target column with at least two distinct values." },
  // project and command line
  CONFIG_INVALID: {
    http: 400,
    exit: 2,
    hint: "Correct the key the message names; `quern init` writes a valid file.",
  },
  EXTENSION_MISSING: {
    http: 422,
    exit: 2,
    hint: "Copy the module that the message names, and list it under `extensions` in quern.yaml.",
  },
  USAGE: { http: 400, exit: 2, hint: "See `quern <verb> --help`." },
  // files and network
  PATH_REFUSED: { http: 400, exit: 2, hint: "Give a plain path inside the folder the message names." },
  NETWORK_REFUSED: { http: 403, exit: 2, hint: "Allow the host with `--allow-host HOST`." },
  NETWORK_FAILED: { http: 502, exit: 1, hint: "Check the address and the network, then try again." },
  DISK_FULL: { http: 507, exit: 1, hint: "Free disk space and run again; nothing half-written was kept." },
  OUTPUT_NOT_WRITABLE: {
    http: 500,
    exit: 2,
    hint: "Allow writing to the place the message names, or name another one.",
  },
  // bundles and models
  BUNDLE_INVALID: {
    http: 422,
    exit: 2,
    hint: "Export the model again; the bundle is damaged or not a Quern bundle.",
  },
  MODEL_REFUSED: {
    http: 422,
    exit: 2,
    hint: "Use a model exported by Quern or another trusted ONNX exporter.",
  },
  MODEL_NOT_FOUND: { http: 404, exit: 2, hint: "`quern models` lists the registered models." },
  RUN_NOT_FOUND: { http: 404, exit: 2, hint: "`quern runs` lists the runs." },
  DATASET_NOT_FOUND: { http: 404, exit: 2, hint: "`quern datasets` lists the dataset versions." },
  PREDICTION_INPUT: { http: 400, exit: 2, hint: "Correct the named row and column." },
  // training
  TRAINING_FAILED: {
    http: 500,
    exit: 1,
    hint: "The message names the trainer; run with another model list or report it.",
  },
  PARITY_FAILED: {
    http: 500,
    exit: 1,
    hint: "The exported model differs from the trained one; please report this.",
  },
  OUT_OF_MEMORY: { http: 507, exit: 1, hint: "Use fewer rows or columns, or a machine with more memory." },
  GOAL_NOT_MET: { http: 409, exit: 3, hint: "Relax the goal or give the training more trials." },
  INTERRUPTED: { http: 499, exit: 130, hint: "Run the same command with `--resume` to go on." },
  // store and server
  STORE_DAMAGED: {
    http: 500,
    exit: 1,
    hint: "`quern doctor` shows what is damaged and what can be repaired.",
  },
  STORE_VERSION: { http: 500, exit: 1, hint: "This store was written by a newer Quern; upgrade Quern." },
  STORE_NOT_FOUND: {
    http: 500,
    exit: 2,
    hint: "Run in the project's folder, or name the store with `--store` or QUERN_HOME.",
  },
  STORE_NOT_WRITABLE: {
    http: 500,
    exit: 2,
    hint: "Allow writing to the folder, or name another store with `--store` or QUERN_HOME.",
  },
  LEASE_LOST: { http: 409, exit: 1, hint: "Another process took this run over; follow that one." },
  STORE_BUSY: { http: 503, exit: 1, hint: "Another process holds the store; try again." },
  UNAUTHENTICATED: { http: 401, exit: 2, hint: "Send the configured token as `Authorization: Bearer`." },
  FORBIDDEN: { http: 403, exit: 2, hint: "Use a token that has the permission the message names." },
  ROUTE_NOT_FOUND: { http: 404, exit: 2, hint: "`/docs` lists the routes." },
  METHOD_NOT_ALLOWED: { http: 405, exit: 2, hint: "Use a method that the header `Allow` lists." },
  REQUEST_INVALID: {
    http: 400,
    exit: 2,
    hint: "Correct the field the message names; `/docs` shows the schema.",
  },
  REQUEST_TOO_LARGE: { http: 413, exit: 2, hint: "Send fewer rows in one request." },
  JOB_NOT_FOUND: {
    http: 404,
    exit: 2,
    hint: "`GET /v1/jobs` lists the jobs; ended ones are kept for a time.",
  },
  JOB_UNFINISHED: {
    http: 409,
    exit: 1,
    hint: "Ask for the job's state, and for its result when that is `done`.",
  },
  KEY_REUSED: { http: 422, exit: 2, hint: "Send another request under another `Idempotency-Key`." },
  RANGE_UNSATISFIABLE: { http: 416, exit: 2, hint: "Ask for bytes within the length that the answer names." },
  DEADLINE_EXCEEDED: { http: 504, exit: 1, hint: "Allow more time, or send fewer rows in one request." },
  OVERLOADED: { http: 503, exit: 1, hint: "Try again after the time in `Retry-After`." },
  UNSUPPORTED: { http: 422, exit: 2, hint: "The message names what is supported." },
} as const satisfies Record<string, { http: number; exit: 0 | 1 | 2 | 3 | 130; hint: string }>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export interface ErrorOptions {
  /** Facts for programs: file, line, row, column, key, limits. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Replaces the table's hint where a better remedy is known. */
  readonly hint?: string;
  readonly cause?: unknown;
}

const MARKER = Symbol.for("quern.error");

/** A failure with a typed code. The message says what was wrong and where; the hint says what to do. */
export class QuernError extends Error {
  readonly [MARKER] = true;
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "QuernError";
    this.code = code;
    this.details = options.details ?? {};
    this.hint = options.hint ?? ERROR_TABLE[code].hint;
  }

  /** Recognises errors across copies of the package and across structured clones that kept the marker. */
  static is(value: unknown): value is QuernError {
    return typeof value === "object" && value !== null && (value as { [MARKER]?: unknown })[MARKER] === true;
  }

  toJSON(): SerializedError {
    return { code: this.code, message: this.message, hint: this.hint, details: this.details };
  }

  static fromJSON(json: SerializedError): QuernError {
    return new QuernError(json.code, json.message, { hint: json.hint, details: json.details });
  }
}

/** What crosses a process or HTTP boundary. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
}
