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

/**
 * What a commit outlives once it is acknowledged: the end of its process, or a failure of the power too, for which each
 * waits for the disk. A database is whole in either case.
 */
export type Outlives = "process" | "power-failure";

const SYNCHRONOUS: Readonly<Record<Outlives, string>> = { process: "normal", "power-failure": "full" };

/** Kysely over the connection; several may share it. */
export function sqliteDialect(connection: SqliteConnection, outlives: Outlives): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(connection, outlives),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  readonly #outlives: Outlives;

  constructor(connection: SqliteConnection, outlives: Outlives) {
    this.#connection = connection;
    this.#outlives = outlives;
  }
  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#connection.takeTurn();
    try {
      this.#connection.require(this.#outlives);
      return this.#connection;
    } catch (cause) {
      this.#connection.endTurn();
      throw cause;
    }
  }
  async releaseConnection(): Promise<void> {
    this.#connection.endTurn();
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
  /** The connection belongs to whoever made it. */
  async destroy(): Promise<void> {}
}

/** The one connection of a process to a `node:sqlite`-like library: callers take turns, a transaction keeps its turn. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: SqliteDatabase;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #statements = new Map<string, SqliteStatement>();
  #turn: Promise<void> = Promise.resolve();
  #endTurn: () => void = () => undefined;
  #outlives: Outlives | undefined;

  constructor(database: SqliteDatabase, path: string, clock: Clock) {
    this.#database = database;
    this.#path = path;
    this.#clock = clock;
  }

  async takeTurn(): Promise<void> {
    const before = this.#turn;
    let end = (): void => undefined;
    this.#turn = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    this.#endTurn = end;
  }
  endTurn(): void {
    this.#endTurn();
  }

  /** Of the commits to come; not within a transaction. */
  require(outlives: Outlives): void {
    if (this.#outlives === outlives) return;
    this.execute(`pragma synchronous = ${SYNCHRONOUS[outlives]}`);
    this.#outlives = outlives;
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }

  async close(): Promise<void> {
    await this.#turn;
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
