import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadBundle } from "../../capabilities/bundles/index.js";
import { createTransforms } from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { BUNDLE_FILES } from "../../foundation/contracts/bundle.js";
import { parseSample } from "../../foundation/contracts/bundle-check.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import type { GateResult, Gates } from "../../foundation/contracts/registry.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { SIZE_GOAL } from "../learn/assemble.js";
import { goalHolds, LATENCY_GOAL } from "../train/goals.js";
import { measureLatency } from "../train/latency.js";

/** What a version is judged by, read once. */
interface Candidate {
  readonly model: Model;
  readonly alias: string;
  readonly store: Store;
  readonly bundleFolder: string;
}

/** Every gate of the alias for one version, in a fixed order; none is skipped when another is not met. */
export async function judgeGates(
  store: Store,
  model: Model,
  alias: string,
  gates: Gates,
): Promise<readonly GateResult[]> {
  const candidate = {
    model,
    alias,
    store,
    bundleFolder: await store.models.folder(`${model.name}@${model.version}`),
  };
  const results: GateResult[] = [];
  for (const [name, goal] of Object.entries(gates.goals)) {
    results.push(bounded("goal", name, goal, await figure(candidate, name)));
  }
  if (gates.parity) results.push(await parity(candidate));
  if (gates.card) results.push(card(candidate));
  for (const [criterion, bound] of Object.entries(gates.fairness)) {
    results.push(bounded("fairness", criterion, bound, greatestGap(candidate, criterion)));
  }
  if (gates.approvals > 0) results.push(await approvals(candidate, gates.approvals));
  return results;
}

function bounded(gate: string, subject: string, wanted: string, value: number | null): GateResult {
  const found = value === null ? "not measured" : String(Number(value.toPrecision(6)));
  return { gate, subject, wanted, found, met: value !== null && goalHolds(value, wanted) };
}

async function figure(candidate: Candidate, name: string): Promise<number | null> {
  if (name === LATENCY_GOAL) return latency(candidate);
  if (name === SIZE_GOAL) return readFileSync(join(candidate.bundleFolder, BUNDLE_FILES.model)).length / 1e6;
  return evaluationOf(candidate)?.metrics[name]?.value ?? null;
}

/** Documents are free in form: models registered by other means have no evaluation. */
function evaluationOf({ model }: Candidate): (Partial<Evaluation> & Pick<Evaluation, "metrics">) | undefined {
  const { evaluation } = model.document as { evaluation?: Evaluation };
  return evaluation?.metrics ? evaluation : undefined;
}

async function latency({ bundleFolder }: Candidate): Promise<number | null> {
  const sample = parseSample(readFileSync(join(bundleFolder, BUNDLE_FILES.sample)));
  if (sample.requests.length === 0) return null;
  const bundle = await loadBundle(bundleFolder, { threads: 1, hostTransforms: createTransforms() });
  try {
    return await measureLatency(bundle, sample.requests);
  } finally {
    await bundle.close();
  }
}

/** Loading verifies every file and compares the answers to the sample with those recorded. */
async function parity({ bundleFolder }: Candidate): Promise<GateResult> {
  const wanted = "the stored bundle answers its sample as recorded";
  const result = { gate: "parity", subject: "", wanted };
  try {
    const bundle = await loadBundle(bundleFolder, { threads: 1, hostTransforms: createTransforms() });
    await bundle.close();
    return { ...result, found: "it does", met: true };
  } catch (failure) {
    if (!QuernError.is(failure)) throw failure;
    return { ...result, found: failure.message, met: false };
  }
}

const CARD_SECTIONS = 4;

function card({ bundleFolder }: Candidate): GateResult {
  const text = readFileSync(join(bundleFolder, BUNDLE_FILES.card), "utf8");
  const sections = text.split(/^## .*$/m).slice(1);
  const filled = sections.filter((section) => section.trim().length > 0).length;
  const met = filled >= CARD_SECTIONS && filled === sections.length;
  return {
    gate: "card",
    subject: "",
    wanted: `a model card of at least ${CARD_SECTIONS} sections, none empty`,
    found: `${filled} of ${sections.length} sections filled`,
    met,
  };
}

/** The largest difference between two groups of any examined column; null where the criterion was not examined. */
function greatestGap(candidate: Candidate, criterion: string): number | null {
  const gaps = (evaluationOf(candidate)?.fairness ?? []).flatMap((column) => column.gaps);
  const values = gaps.filter((gap) => gap.criterion === criterion).map((gap) => gap.difference.value);
  if (values.length === 0 || values.includes(null)) return null;
  return Math.max(...(values as number[]).map(Math.abs));
}

async function approvals({ store, model, alias }: Candidate, wanted: number): Promise<GateResult> {
  const given = await store.registry.approvals(model.name, model.version, alias);
  const names = given.map(({ approver }) => approver);
  return {
    gate: "approvals",
    subject: "",
    wanted: `${wanted} approvals`,
    found: names.length === 0 ? "none" : `${names.length}: ${names.join(", ")}`,
    met: names.length >= wanted,
  };
}
