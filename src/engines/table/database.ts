import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult, type DuckDBValue } from "@duckdb/node-api";
import { QuernError } from "../../foundation/base/errors.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import { fromDuckValue } from "./duck-values.js";
import { type QueryRow, quoteText } from "./table.js";

export interface DatabaseOptions {
  readonly threads: number;
  /** Beyond this DuckDB spills to `temporaryFolder`. Default 1.5 GiB. */
  readonly memoryLimitBytes?: number;
  /** Where a private folder is made; default the system's. */
  readonly temporaryFolder?: string;
  readonly signal?: AbortSignal;
}

const DEFAULT_MEMORY_LIMIT_BYTES = 1.5 * 2 ** 30;

/**
 * One private in-memory DuckDB. Extensions are never fetched, and the file system is closed but for the given
 * files and the private folder; the settings are then locked.
 */
export class Database {
  readonly folder: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(
    folder: string,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    signal?: AbortSignal,
  ) {
    this.folder = folder;
    this.#instance = instance;
    this.#connection = connection;
    this.#signal = signal;
    this.#onAbort = () => connection.interrupt();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  static async open(files: readonly string[], options: DatabaseOptions): Promise<Database> {
    const folder = makePrivateFolder(options.temporaryFolder ?? tmpdir(), "table");
    try {
      const instance = await DuckDBInstance.create(":memory:", {
        threads: String(Math.max(1, options.threads)),
        memory_limit: `${Math.ceil((options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES) / 2 ** 20)}MiB`,
        temp_directory: join(folder, "spill"),
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
        allow_community_extensions: "false",
      });
      const connection = await instance.connect();
      const database = new Database(folder, instance, connection, options.signal);
      await database.#lock(files);
      return database;
    } catch (cause) {
      rmSync(folder, { recursive: true, force: true });
      throw cause;
    }
  }

  async #lock(files: readonly string[]): Promise<void> {
    const paths = files.map(quoteText).join(", ");
    await this.run("SET TimeZone = 'UTC'");
    // Takes time with the square of the expressions: ten seconds for a table of a thousand columns.
    await this.run("SET disabled_optimizers = 'common_subexpressions'");
    await this.run(`SET allowed_directories = [${quoteText(this.folder + sep)}]`);
    await this.run(`SET allowed_paths = [${paths}]`);
    await this.run("SET enable_external_access = false");
    await this.run("SET lock_configuration = true");
  }

  /** Statements run one after another, whoever sends them. */
  async run(sql: string, parameters: readonly unknown[] = []): Promise<DuckDBResult> {
    return this.#enqueue(() => this.#connection.run(sql, parameters as DuckDBValue[]));
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<QueryRow[]> {
    return this.#enqueue(async () => {
      const result = await this.#connection.stream(sql, parameters as DuckDBValue[]);
      const names = result.columnNames();
      const rows: QueryRow[] = [];
      for await (const chunk of result) {
        for (const values of chunk.getRows()) {
          // No prototype, so that a column may be called `__proto__`.
          const row = Object.create(null) as QueryRow;
          for (const [index, name] of names.entries()) row[name] = fromDuckValue(values[index]!);
          rows.push(row);
        }
      }
      return rows;
    });
  }

  /** Hands every chunk of a result to `visit`; nothing is kept. */
  async scan(sql: string, visit: (chunk: ScannedChunk) => void): Promise<void> {
    await this.#enqueue(async () => {
      const result = await this.#connection.stream(sql);
      for await (const chunk of result) visit(chunk);
    });
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#queue.then(async () => {
      if (this.#closed) throw new Error("The table is closed.");
      this.#throwIfAborted();
      try {
        return await work();
      } catch (cause) {
        this.#throwIfAborted();
        throw translateDuckError(cause);
      }
    });
    this.#queue = next.catch(() => undefined);
    return next;
  }

  #throwIfAborted(): void {
    if (this.#signal?.aborted) throw new QuernError("INTERRUPTED", "Reading the data was interrupted.");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#queue;
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#connection.closeSync();
    this.#instance.closeSync();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export type ScannedChunk = Awaited<ReturnType<DuckDBResult["fetchChunk"]>> & object;

function translateDuckError(cause: unknown): unknown {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/^Out of Memory Error/.test(message)) {
    return new QuernError("OUT_OF_MEMORY", "The table needs more memory than its limit allows.", { cause });
  }
  if (/No space left on device/.test(message)) {
    return new QuernError("DISK_FULL", "No space left for temporary files of the table.", { cause });
  }
  return cause;
}
