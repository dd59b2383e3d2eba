import type { Migration } from "./migration.js";

export const MONITORING_TABLES: Migration = {
  id: 3,
  name: "models in use",
  statements: [
    `create table prediction_segments (source text not null, number integer not null, model text not null,
      version integer not null, blob text not null, "rows" bigint not null, first_at bigint not null,
      last_at bigint not null, redacted_json text not null, primary key (source, number))`,
    `create index prediction_segments_by_model on prediction_segments (model, last_at)`,
    `create table feedback (model text not null, prediction text not null, actual text not null,
      observed_at bigint not null, received_at bigint not null, primary key (model, prediction))`,
    `create table alerts (model text not null, key text not null, number integer not null, severity text not null,
      message text not null, evidence_json text not null, first_at bigint not null, last_at bigint not null,
      times bigint not null, notified_at bigint not null, resolved_at bigint, primary key (model, key, number))`,
    `create table decisions (model text not null, number integer not null, kind text not null,
      verdict text not null, reason text not null, evidence_json text not null, decided_at bigint not null,
      primary key (model, number))`,
  ],
};
