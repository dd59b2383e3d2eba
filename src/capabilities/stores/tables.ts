/**
 * The tables as Kysely sees them (it writes the names in snake_case). Only types that SQLite and PostgreSQL share: text, 64-bit integers, doubles.
 * Times are epoch milliseconds; columns ending in `Json` hold JSON text.
 */
export interface Tables {
  migrations: { id: number; name: string; appliedAt: number };
  datasets: {
    id: string;
    name: string;
    rows: number;
    columns: number;
    documentJson: string;
    createdAt: number;
  };
  splits: { id: string; dataset: string; configJson: string; blob: string; createdAt: number };
  testOpenings: { split: string; number: number; run: string; purpose: string; openedAt: number };
  runs: {
    id: string;
    kind: string;
    name: string;
    state: "running" | "done" | "failed" | "interrupted";
    seed: number;
    dataset: string | null;
    configJson: string;
    resultJson: string | null;
    errorJson: string | null;
    stage: string | null;
    stageDone: number | null;
    stageTotal: number | null;
    metric: string | null;
    value: number | null;
    startedAt: number;
    finishedAt: number | null;
    ownerHost: string;
    ownerPid: number;
    /** Rises with every take-over; writes carry the value they were given. */
    fence: number;
    leaseExpiresAt: number;
  };
  trials: {
    run: string;
    number: number;
    trainer: string;
    state: "waiting" | "running" | "done" | "pruned" | "failed";
    value: number | null;
    seconds: number;
    /** [step, value] pairs. */
    intermediateJson: string;
    documentJson: string;
    /** Null: nobody's, or the run's own process's. */
    ownerHost: string | null;
    ownerPid: number | null;
    /** Rises with every claim and whenever the trial is taken away; writes of a claim carry the value they were given. */
    fence: number;
    leaseExpiresAt: number;
  };
  steps: { key: string; step: string; output: string; seconds: number; createdAt: number };
  modelNames: { name: string; lastVersion: number };
  models: {
    name: string;
    version: number;
    task: string;
    metric: string | null;
    value: number | null;
    run: string | null;
    dataset: string | null;
    bundle: string;
    documentJson: string;
    createdAt: number;
  };
  aliases: { name: string; alias: string; version: number };
  aliasChanges: {
    name: string;
    number: number;
    alias: string;
    fromVersion: number | null;
    toVersion: number | null;
    reason: string;
    changedAt: number;
    /** Null before gates were kept, and for changes made without them. */
    evidenceJson: string | null;
  };
  gates: { name: string; alias: string; gatesJson: string };
  approvals: {
    name: string;
    version: number;
    alias: string;
    approver: string;
    note: string;
    approvedAt: number;
  };
  /** The newest one of a name holds; JSON null takes the deployment away. */
  deploymentChanges: {
    name: string;
    number: number;
    documentJson: string;
    reason: string;
    changedAt: number;
  };
  /** Every use of a blob, so that one query tells what is referenced and by whom. */
  blobUses: {
    ownerKind: "dataset" | "split" | "step" | "model" | "predictions";
    ownerId: string;
    role: string;
    hash: string;
  };
  predictionSegments: {
    /** The journal and the number of the segment in it. */
    source: string;
    number: number;
    model: string;
    version: number;
    blob: string;
    rows: number;
    firstAt: number;
    lastAt: number;
    redactedJson: string;
  };
  feedback: { model: string; prediction: string; actual: string; observedAt: number; receivedAt: number };
  labelQueue: {
    model: string;
    prediction: string;
    version: number;
    reason: "uncertain" | "novel" | "random";
    score: number;
    /** SHA-256 of the inputs. */
    content: string;
    documentJson: string;
    predictedAt: number;
    exportedAt: number | null;
    labelledAt: number | null;
    label: string | null;
    skippedAt: number | null;
  };
  alerts: {
    model: string;
    key: string;
    /** Rises each time the alert opens again. */
    number: number;
    severity: "page" | "ticket" | "info";
    message: string;
    evidenceJson: string;
    firstAt: number;
    lastAt: number;
    times: number;
    notifiedAt: number;
    resolvedAt: number | null;
  };
  decisions: {
    model: string;
    number: number;
    kind: string;
    verdict: string;
    reason: string;
    evidenceJson: string;
    decidedAt: number;
  };
  lineage: { fromKind: string; fromId: string; relation: string; toKind: string; toId: string };
}
