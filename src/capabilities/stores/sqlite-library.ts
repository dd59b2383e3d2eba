import { QuernError } from "../../foundation/base/errors.js";

/** The part of Node's `node:sqlite` that the store uses; `@photostructure/sqlite` has the same one. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}
export interface SqliteStatement {
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
}
export interface SqliteLibrary {
  readonly DatabaseSync: new (path: string, options: { timeout: number }) => SqliteDatabase;
}

/** Older ones can corrupt a WAL database that several processes write (sqlite.org, WAL-reset bug). */
export const OLDEST_SQLITE = "3.51.3";

/** Node's own SQLite where it is recent enough, otherwise the one inside `@photostructure/sqlite`. */
export async function loadSqlite(builtIn = process.versions.sqlite): Promise<SqliteLibrary> {
  if (builtIn !== undefined && compareVersions(builtIn, OLDEST_SQLITE) >= 0) {
    const name = "node:sqlite";
    return (await import(name)) as SqliteLibrary;
  }
  // Declares overloads of its own for what both have alike.
  return (await import("@photostructure/sqlite")) as unknown as SqliteLibrary;
}

/** @throws QuernError STORE_VERSION when the library that opened `database` is too old. */
export function checkSqliteVersion(database: SqliteDatabase): void {
  const [row] = database.prepare("select sqlite_version() as version").all() as { version: string }[];
  const version = row!.version;
  if (compareVersions(version, OLDEST_SQLITE) >= 0) return;
  throw new QuernError(
    "STORE_VERSION",
    `SQLite ${version} is too old; ${OLDEST_SQLITE} or newer is needed.`,
    {
      hint: "Reinstall Quern's dependencies (`npm ci`); they bring a recent SQLite.",
      details: { version, oldest: OLDEST_SQLITE },
    },
  );
}

export function compareVersions(left: string, right: string): number {
  const a = left.split(".").map(Number);
  const b = right.split(".").map(Number);
  for (let i = 0; i < 3; i++) {
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) - (b[i] ?? 0);
  }
  return 0;
}
