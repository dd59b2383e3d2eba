import { type Kysely, sql } from "kysely";
import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { LABEL_TABLES, LABELS_BY_STATE, SKIPPED_LABELS } from "./label-queue.js";
import type { Migration } from "./migration.js";
import { MONITORING_TABLES } from "./monitoring-tables.js";
import type { Tables } from "./tables.js";

const MIGRATIONS: readonly Migration[] = [
  {
    id: 1,
    name: "first tables",
    statements: [
      `create table datasets (id text primary key, name text not null, "rows" bigint not null,
        columns integer not null, document_json text not null, created_at bigint not null)`,
      `create index datasets_by_time on datasets (created_at, id)`,
      `create index datasets_by_name on datasets (name, created_at, id)`,
      `create table splits (id text primary key, dataset text not null references datasets (id),
        config_json text not null, blob text not null, created_at bigint not null)`,
      `create index splits_by_dataset on splits (dataset, created_at)`,
      `create table test_openings (split text not null references splits (id), number integer not null,
        run text not null, purpose text not null, opened_at bigint not null, primary key (split, number))`,
      `create table runs (id text primary key, kind text not null, name text not null, state text not null
        check (state in ('running', 'done', 'failed', 'interrupted')), seed bigint not null, dataset text,
        config_json text not null, result_json text, error_json text, stage text,
        stage_done double precision, stage_total double precision, metric text, value double precision,
        started_at bigint not null, finished_at bigint, owner_host text not null, owner_pid bigint not null,
        fence integer not null, lease_expires_at bigint not null)`,
      `create index runs_by_time on runs (started_at, id)`,
      `create index runs_by_name on runs (name, started_at, id)`,
      `create index runs_by_state on runs (state, started_at, id)`,
      `create table trials (run text not null references runs (id), number integer not null,
        trainer text not null, state text not null check (state in ('done', 'failed', 'pruned')),
        value double precision, seconds double precision not null, document_json text not null,
        primary key (run, number))`,
      `create table steps (key text primary key, step text not null, output text not null,
        seconds double precision not null, created_at bigint not null)`,
      `create table model_names (name text primary key, last_version integer not null)`,
      `create table models (name text not null references model_names (name), version integer not null,
        task text not null, metric text, value double precision, run text, dataset text, bundle text not null,
        document_json text not null, created_at bigint not null, primary key (name, version))`,
      `create index models_by_time on models (created_at, name, version)`,
      `create table aliases (name text not null, alias text not null, version integer not null,
        primary key (name, alias), foreign key (name, version) references models (name, version))`,
      `create table alias_changes (name text not null, number integer not null, alias text not null,
        from_version integer, to_version integer, reason text not null, changed_at bigint not null,
        primary key (name, number))`,
      `create table blob_uses (owner_kind text not null, owner_id text not null, role text not null,
        hash text not null, primary key (owner_kind, owner_id, role))`,
      `create index blob_uses_by_hash on blob_uses (hash)`,
      `create table lineage (from_kind text not null, from_id text not null, relation text not null,
        to_kind text not null, to_id text not null,
        primary key (from_kind, from_id, relation, to_kind, to_id))`,
      `create index lineage_by_target on lineage (to_kind, to_id)`,
    ],
  },
  {
    id: 2,
    name: "trials of studies",
    // A check cannot be altered, so the table is made anew.
    statements: [
      `create table study_trials (run text not null references runs (id), number integer not null,
        trainer text not null, state text not null
        check (state in ('waiting', 'running', 'done', 'pruned', 'failed')),
        value double precision, seconds double precision not null, intermediate_json text not null,
        owner_host text, owner_pid bigint, fence integer not null, lease_expires_at bigint not null,
        document_json text not null, primary key (run, number))`,
      `insert into study_trials select run, number, trainer, state, value, seconds, '[]', null, null, 0, 0,
        document_json from trials`,
      `drop table trials`,
      `alter table study_trials rename to trials`,
      `create index trials_by_state on trials (state, run, number)`,
    ],
  },
  MONITORING_TABLES,
  {
    id: 4,
    name: "gates, approvals and deployments",
    statements: [
      `alter table alias_changes add column evidence_json text`,
      `create table gates (name text not null references model_names (name), alias text not null,
        gates_json text not null, primary key (name, alias))`,
      `create table approvals (name text not null, version integer not null, alias text not null,
        approver text not null, note text not null, approved_at bigint not null,
        primary key (name, version, alias, approver),
        foreign key (name, version) references models (name, version))`,
      `create table deployment_changes (name text not null references model_names (name),
        number integer not null, document_json text not null, reason text not null,
        changed_at bigint not null, primary key (name, number))`,
    ],
  },
  LABEL_TABLES,
  SKIPPED_LABELS,
  LABELS_BY_STATE,
];

export const NEWEST_SCHEMA = MIGRATIONS.at(-1)!.id;

/**
 * Brings the tables up to date. The first process to take the write lock does the work; the others wait for it
 * and find it done.
 * @throws QuernError STORE_VERSION when a newer Quern wrote the store.
 */
export async function migrate(db: Kysely<Tables>, clock: Clock): Promise<void> {
  if ((await appliedSchema(db)) === NEWEST_SCHEMA) return;
  await db.transaction().execute(async (transaction) => {
    await sql`create table if not exists migrations (id integer primary key, name text not null,
      applied_at bigint not null)`.execute(transaction);
    const applied = await appliedSchema(transaction);
    for (const migration of MIGRATIONS.filter(({ id }) => id > applied)) {
      for (const statement of migration.statements) await sql.raw(statement).execute(transaction);
      await transaction
        .insertInto("migrations")
        .values({ id: migration.id, name: migration.name, appliedAt: clock.now() })
        .execute();
    }
  });
}

/** 0 for an empty database. @throws QuernError STORE_VERSION */
export async function appliedSchema(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from sqlite_schema
    where type = 'table' and name = 'migrations'`.execute(db);
  if (rows[0]!.n === 0) return 0;
  const row = await db
    .selectFrom("migrations")
    .select((e) => e.fn.max("id").as("id"))
    .executeTakeFirst();
  const applied = row?.id ?? 0;
  if (applied <= NEWEST_SCHEMA) return applied;
  throw new QuernError(
    "STORE_VERSION",
    `The store has schema ${applied}; this Quern knows up to ${NEWEST_SCHEMA}.`,
    { details: { schema: applied, known: NEWEST_SCHEMA } },
  );
}
