import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { expect, it } from "vitest";
import { systemClock } from "../../foundation/base/clock.js";
import { type Outlives, SqliteConnection, sqliteDialect } from "./sqlite-dialect.js";
import { loadSqlite } from "./sqlite-library.js";

const [NORMAL, FULL] = [1, 2];

it("waits for the disk where a commit is to outlive a failure of the power, and only there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "quern-test-"));
  const path = join(folder, "store.sqlite");
  const { DatabaseSync } = await loadSqlite();
  const connection = new SqliteConnection(new DatabaseSync(path, { timeout: 0 }), path, systemClock);
  const open = (outlives: Outlives) => new Kysely<never>({ dialect: sqliteDialect(connection, outlives) });
  const [durable, progress] = [open("power-failure"), open("process")];
  const level = async (db: Kysely<never>) => {
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
    return rows[0]!.synchronous;
  };
  try {
    const levels = [level(durable), level(progress), level(progress), level(durable)];
    expect(await Promise.all(levels)).toEqual([FULL, NORMAL, NORMAL, FULL]);
    const failing = progress.transaction().execute(async (transaction) => {
      await level(transaction);
      throw new Error("given up");
    });
    const within = durable.transaction().execute((transaction) => level(transaction));
    await expect(failing).rejects.toThrow("given up");
    expect(await within).toBe(FULL);
  } finally {
    await connection.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
