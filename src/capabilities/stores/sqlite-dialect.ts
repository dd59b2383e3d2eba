import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { isBusy, translateSqliteError } from "./sqlite-errors.js";
import type { SqliteDatabase, SqliteStatement } from "./sqlite-library.js";

/** SQLite itself waits this long for a lock, blocking the thread; beyond it the wait is asynchronous. */
export const BLOCKING_WAIT_MS = 200;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 10;
const CACHED_STATEMENTS = 200;

/** Kysely over one connection of a `node:sqlite`-like library. */
export function sqliteDialect(database: SqliteDatabase, path: string, clock: Clock): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(new SqliteConnection(database, path, clock)),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** One connection a process: callers take turns, a transaction keeps its turn. */
class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  #turn: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }
  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#turn;
    let release = (): void => undefined;
    this.#turn = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    this.#release = release;
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {
    this.#release();
  }
  /** Takes the write lock at once: a transaction that upgrades later could fail half-way. */
  async beginTransaction(): Promise<void> {
    await this.#connection.withPatience(() => this.#connection.execute("begin immediate"));
  }
  async commitTransaction(): Promise<void> {
    await this.#connection.withPatience(() => this.#connection.execute("commit"));
  }
  async rollbackTransaction(): Promise<void> {
    this.#connection.execute("rollback");
  }
  async destroy(): Promise<void> {
    await this.#turn;
    this.#connection.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: SqliteDatabase;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase, path: string, clock: Clock) {
    this.#database = database;
    this.#path = path;
    this.#clock = clock;
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }
  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.withPatience(() => this.#run<R>(query));
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  /** Repeats what found the database locked: a statement that did so has changed nothing. */
  async withPatience<T>(work: () => T): Promise<T> {
    const deadline = this.#clock.elapsed() + PATIENCE_MS;
    for (;;) {
      try {
        return work();
      } catch (cause) {
        if (QuernError.is(cause)) throw cause;
        if (!isBusy(cause) || this.#clock.elapsed() > deadline) throw translateSqliteError(cause, this.#path);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #run<R>({ sql, parameters, query }: CompiledQuery): QueryResult<R> {
    const statement = this.#statement(sql);
    const returnsRows =
      query.kind === "SelectQueryNode" ||
      query.kind === "RawNode" ||
      ("returning" in query && query.returning);
    if (returnsRows) return { rows: statement.all(...parameters) as R[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  }

  /** Prepared once each; the oldest is dropped when there are too many. */
  #statement(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > CACHED_STATEMENTS) {
      this.#statements.delete(this.#statements.keys().next().value!);
    }
    return statement;
  }
}
