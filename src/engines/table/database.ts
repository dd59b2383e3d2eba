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
/** Of a result that is being read. */
const STREAMED_MEBIBYTES = 64;

/**
 * One private in-memory DuckDB. Extensions are never fetched, and the file system is closed but for the given
 * files and the private folder; the settings are then locked.
 * Statements that change the tables run alone, in the order they were sent. Queries run beside each other, on a
 * connection for each thread: DuckDB divides a query by row groups of 122,880, so smaller tables occupy one thread.
 */
export class Database {
  readonly folder: string;
  readonly #instance: DuckDBInstance;
  readonly #connections: readonly DuckDBConnection[];
  readonly #idle: DuckDBConnection[];
  readonly #waiting: ((connection: DuckDBConnection) => void)[] = [];
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  /** Settles when the changes sent so far are done. */
  #changes: Promise<void> = Promise.resolve();
  /** Settles when the queries sent so far are done. */
  #queries: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(
    folder: string,
    instance: DuckDBInstance,
    connections: readonly DuckDBConnection[],
    signal?: AbortSignal,
  ) {
    this.folder = folder;
    this.#instance = instance;
    this.#connections = connections;
    this.#idle = [...connections];
    this.#signal = signal;
    this.#onAbort = () => {
      for (const connection of connections) connection.interrupt();
    };
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  static async open(files: readonly string[], options: DatabaseOptions): Promise<Database> {
    const folder = makePrivateFolder(options.temporaryFolder ?? tmpdir(), "table");
    const threads = Math.max(1, options.threads);
    try {
      const instance = await DuckDBInstance.create(":memory:", {
        threads: String(threads),
        memory_limit: `${Math.ceil((options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES) / 2 ** 20)}MiB`,
        temp_directory: join(folder, "spill"),
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
        allow_community_extensions: "false",
      });
      const connections = await Promise.all(Array.from({ length: threads }, () => instance.connect()));
      // A setting of the connection, not of the database.
      for (const connection of connections) await connection.run("SET TimeZone = 'UTC'");
      const database = new Database(folder, instance, connections, options.signal);
      await database.#lock(files);
      return database;
    } catch (cause) {
      rmSync(folder, { recursive: true, force: true });
      throw cause;
    }
  }

  async #lock(files: readonly string[]): Promise<void> {
    const paths = files.map(quoteText).join(", ");
    // Takes time with the square of the expressions: ten seconds for a table of a thousand columns.
    await this.run("SET disabled_optimizers = 'common_subexpressions'");
    // Of its usual megabyte a result is full at once, and one thread works where all could.
    await this.run(`SET streaming_buffer_size = '${STREAMED_MEBIBYTES}MiB'`);
    await this.run(`SET allowed_directories = [${quoteText(this.folder + sep)}]`);
    await this.run(`SET allowed_paths = [${paths}]`);
    await this.run("SET enable_external_access = false");
    await this.run("SET lock_configuration = true");
  }

  /** A statement that changes the tables. */
  async run(sql: string, parameters: readonly unknown[] = []): Promise<void> {
    const change = Promise.all([this.#changes, this.#queries]).then(() =>
      this.#attempt(async () => {
        await this.#connections[0]!.run(sql, parameters as DuckDBValue[]);
      }),
    );
    this.#changes = change.catch(() => undefined);
    await change;
  }

  async query(sql: string, parameters: readonly unknown[] = []): Promise<QueryRow[]> {
    const rows: QueryRow[] = [];
    await this.#stream(sql, parameters, (chunk, names) => {
      for (const values of chunk.getRows()) {
        // No prototype, so that a column may be called `__proto__`.
        const row = Object.create(null) as QueryRow;
        for (const [index, name] of names.entries()) row[name] = fromDuckValue(values[index]!);
        rows.push(row);
      }
    });
    return rows;
  }

  /** Hands every chunk of a result to `visit`, in order; nothing is kept. */
  async scan(sql: string, visit: (chunk: ScannedChunk) => void): Promise<void> {
    await this.#stream(sql, [], visit);
  }

  async #stream(
    sql: string,
    parameters: readonly unknown[],
    visit: (chunk: ScannedChunk, names: readonly string[]) => void,
  ): Promise<void> {
    const query = this.#changes.then(() =>
      this.#lend((connection) =>
        this.#attempt(async () => {
          const result = await connection.stream(sql, parameters as DuckDBValue[]);
          const names = result.columnNames();
          for await (const chunk of result) visit(chunk, names);
        }),
      ),
    );
    const before = this.#queries;
    // Nothing is handed on: a table that is asked often would keep a link for each answer.
    this.#queries = query.then(
      () => before,
      () => before,
    );
    await query;
  }

  async #lend<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection =
      this.#idle.pop() ?? (await new Promise<DuckDBConnection>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(connection);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(connection);
      else this.#idle.push(connection);
    }
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("The table is closed.");
    this.#throwIfAborted();
    try {
      return await work();
    } catch (cause) {
      this.#throwIfAborted();
      throw translateDuckError(cause);
    }
  }

  #throwIfAborted(): void {
    if (this.#signal?.aborted) throw new QuernError("INTERRUPTED", "Reading the data was interrupted.");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await Promise.all([this.#changes, this.#queries]);
    this.#closed = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    for (const connection of this.#connections) connection.closeSync();
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
