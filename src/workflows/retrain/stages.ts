import { QuernError } from "../../foundation/base/errors.js";
import type { DeploymentChange } from "../../foundation/contracts/deployment.js";
import type { Document } from "../../foundation/contracts/document.js";
import {
  candidateExperimentSchema,
  type RetrainPolicy,
  type RetrainResult,
} from "../../foundation/contracts/retrain.js";
import { spanMs } from "../../foundation/contracts/span.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { WorkflowContext } from "../context.js";
import { runningExperiment } from "../experiment/measure-experiment.js";
import { concludeExperiment, improvementText, startExperimentIn } from "../experiment/run-experiment.js";
import { promoteIn } from "../serve/promote.js";
import { measureShadow } from "./measure-shadow.js";

/** A candidate on its way from the gate to the champion's place. */
export interface Trial {
  readonly name: string;
  readonly candidate: number;
  readonly champion: number;
  /** Why it may go on, for the record. */
  readonly reason: string;
  /** Kept with every decision about it. */
  readonly evidence: Document;
}

/** A trial that waits for what the traffic says. */
export interface Stage extends Trial {
  readonly kind: "shadowing" | "experimenting";
  /** Number of the deployment in which it stands. */
  readonly deployment: number;
}

export interface StageSurroundings {
  readonly store: Store;
  readonly context: WorkflowContext;
  readonly policy: RetrainPolicy;
}

type Outcome = Pick<RetrainResult, "verdict" | "reason"> & Partial<RetrainResult>;

/** What the last decision about the model left unfinished. */
export async function currentStage(store: Store, name: string): Promise<Stage | undefined> {
  const decisions = await store.monitoring.decisions(name);
  const last = decisions.find(({ kind }) => kind === "retrain");
  if (!last || (last.verdict !== "shadowing" && last.verdict !== "experimenting")) return undefined;
  const { deployment, ...evidence } = last.evidence;
  return {
    ...{ name, kind: last.verdict, reason: last.reason, evidence, deployment: Number(deployment) },
    candidate: Number(evidence.candidate),
    champion: Number(evidence.champion),
  };
}

/** The first stage that the policy names; without any, the candidate is promoted. */
export async function beginStages(trial: Trial, around: StageSurroundings): Promise<Outcome> {
  const { policy } = around;
  const [first] = [policy.shadow && "shadowing", policy.experiment && "experimenting"].filter(Boolean);
  if (!first) return promoteTrial(trial, around);
  // Whoever gets traffic, even unseen, has passed the gates of a challenger.
  const refused = await refusalOf(around.store, trial, "challenger");
  if (refused !== undefined) return settle(trial, around, "rejected", `${trial.reason} ${refused}`);
  return enter(first as Stage["kind"], trial, around);
}

/**
 * The decision comes first and names the deployment that will follow: where a process is killed between the two, the
 * next one finds what is missing and makes it.
 */
async function enter(kind: Stage["kind"], trial: Trial, around: StageSurroundings): Promise<Outcome> {
  const { store } = around;
  const before = await store.registry.deployment(trial.name);
  const deployment = before ? before.number + 1 : 0;
  await decide(store, trial, kind, trial.reason, { deployment });
  await deployStage({ ...trial, kind, deployment }, around);
  const { candidate } = trial;
  const reason = `${trial.reason} ${kind === "shadowing" ? "It answers unseen" : "It is put to an experiment"} now.`;
  return { candidate, verdict: kind, reason };
}

async function deployStage(stage: Stage, { store, context, policy }: StageSurroundings): Promise<void> {
  const { name, champion, candidate, kind, reason } = stage;
  if (kind === "shadowing") {
    const variants = [{ model: `${name}@${champion}`, weight: 1 }];
    await store.registry.deploy(name, { variants, shadows: [`${name}@${candidate}`] }, reason);
    return;
  }
  const { share, ...design } = policy.experiment ?? candidateExperimentSchema.parse({});
  await startExperimentIn(store, { name, candidate: `${name}@${candidate}`, share, design, reason }, context);
}

/** Looks at what the traffic says; where that is clear, the next stage, the end, or the champion's place follows. */
export async function advanceStage(stage: Stage, around: StageSurroundings): Promise<Outcome> {
  const { store } = around;
  const change = await store.registry.deployment(stage.name);
  if (!change || change.number < stage.deployment) {
    await deployStage(stage, around);
    return { candidate: stage.candidate, verdict: stage.kind, reason: stage.reason };
  }
  if (change.number > stage.deployment) return superseded(stage, change, around);
  return stage.kind === "shadowing"
    ? judgeShadow(stage, change, around)
    : judgeExperiment(stage, change, around);
}

/** Somebody else changed the traffic: what they made of it holds. */
async function superseded(
  stage: Stage,
  change: DeploymentChange,
  around: StageSurroundings,
): Promise<Outcome> {
  const { version } = await around.store.models.get(stage.name);
  const isChampion = version === stage.candidate;
  const reason = `The deployment was changed meanwhile (${change.reason}).`;
  return settle(stage, around, isChampion ? "promoted" : "rejected", reason);
}

async function judgeShadow(
  stage: Stage,
  change: DeploymentChange,
  around: StageSurroundings,
): Promise<Outcome> {
  const { store, context, policy } = around;
  const { rows: wanted, longest } = policy.shadow ?? { rows: 0, longest: "7d" };
  const shadow = await measureShadow(stage, change.changedAt, store, context);
  const finish = async (verdict: "rejected", reason: string): Promise<Outcome> => {
    await store.registry.deploy(stage.name, null, reason, change.number);
    return { ...(await settle(stage, around, verdict, reason, { shadow })), shadow };
  };
  const { rows, comparison } = shadow;
  if (comparison && comparison.high !== null && comparison.high < 0)
    return finish(
      "rejected",
      `${comparison.metric} is worse on ${comparison.rows} labelled rows that both answered.`,
    );
  if (rows < wanted) {
    if (context.clock.now() - change.changedAt >= spanMs(longest))
      return finish("rejected", `It answered ${rows} rows unseen in ${longest}; ${wanted} were wanted.`);
    const reason = `It has answered ${rows} of ${wanted} rows unseen.`;
    return { candidate: stage.candidate, verdict: "shadowing", reason, shadow };
  }
  const trial = { ...stage, evidence: { ...stage.evidence, shadow } };
  if (policy.experiment) return { ...(await enter("experimenting", trial, around)), shadow };
  const outcome = await promoteTrial(trial, around);
  await store.registry.deploy(stage.name, null, "the shadow has done its work", change.number);
  return { ...outcome, shadow };
}

async function judgeExperiment(
  stage: Stage,
  change: DeploymentChange,
  around: StageSurroundings,
): Promise<Outcome> {
  const { store, context } = around;
  const running = runningExperiment(change)!;
  let launched: Outcome | undefined;
  const experiment = await concludeExperiment(
    running,
    { store, context, name: stage.name },
    async (_, reason) => {
      const trial = { ...stage, reason };
      launched = await promoteTrial(trial, around);
    },
  );
  if (launched) return { ...launched, experiment };
  const { verdict, reason } = experiment;
  if (verdict === "continue")
    return { candidate: stage.candidate, verdict: "experimenting", reason, experiment };
  const shown = `The experiment ended with ${verdict}: ${reason} ${improvementText(experiment)}`;
  return { ...(await settle(stage, around, "rejected", shown, { experiment })), experiment };
}

/** The gates of the alias have the last word; the change of the alias keeps the reason and what each gate said. */
async function promoteTrial(trial: Trial, around: StageSurroundings): Promise<Outcome> {
  const { promote } = around.policy;
  const refused = await refusalOf(around.store, trial, promote ? "champion" : "challenger");
  if (refused !== undefined) return settle(trial, around, "rejected", `${trial.reason} ${refused}`);
  return settle(trial, around, promote ? "promoted" : "challenger", trial.reason);
}

/** Moves the alias; the gates' own words where they refuse. */
async function refusalOf(
  store: Store,
  { name, candidate, reason }: Trial,
  alias: string,
): Promise<string | undefined> {
  try {
    await promoteIn(store, { model: `${name}@${candidate}`, alias, reason, actor: "retrain" });
    return undefined;
  } catch (failure) {
    if (QuernError.is(failure) && failure.code === "GOAL_NOT_MET") return failure.message;
    throw failure;
  }
}

async function settle(
  trial: Trial,
  { store }: StageSurroundings,
  verdict: "promoted" | "challenger" | "rejected",
  reason: string,
  evidence: Document = {},
): Promise<Outcome> {
  await decide(store, trial, verdict, reason, evidence);
  return { candidate: trial.candidate, verdict, reason };
}

async function decide(
  store: Store,
  { name, candidate, champion, evidence }: Trial,
  verdict: string,
  reason: string,
  further: Document,
): Promise<void> {
  await store.monitoring.decide({
    ...{ model: name, kind: "retrain", verdict, reason },
    evidence: { ...evidence, candidate, champion, ...further },
  });
}
