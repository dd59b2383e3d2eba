import { z } from "zod";
import { ERROR_TABLE, QuernError } from "../../../foundation/base/errors.js";
import { printable } from "../../../foundation/base/terminal-text.js";
import {
  BANDIT_METHODS,
  EXPERIMENT_OUTCOMES,
  type ExperimentDesign,
  type ExperimentResult,
  experimentDesignSchema,
  type OutcomeGoal,
} from "../../../foundation/contracts/experiment.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { spanSchema } from "../../../foundation/contracts/span.js";
import {
  experimentStatus,
  startBandit,
  startExperiment,
  stopExperiment,
  updateExperiment,
} from "../../../workflows/experiment/run-experiment.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const ACTIONS = ["start", "status", "update", "stop"] as const;
const GUARD = /^([\w-]+)<=(.+)$/;

const options = z.strictObject({
  candidate: z.array(z.string()).default([]).register(fields, {
    title: "Version to compare with the champion, such as churn@2; of a bandit all versions",
  }),
  share: z.coerce.number().gt(0).lt(1).optional().register(fields, {
    title: "Share of the traffic that the candidate gets (default: 0.5)",
  }),
  goal: z.enum(EXPERIMENT_OUTCOMES).optional().register(fields, {
    title: "What is compared (default: correct for classes, absolute-error for numbers)",
  }),
  class: z.string().optional().register(fields, { title: "The class that the goal `actual` counts" }),
  guards: z
    .array(z.string().regex(GUARD, "write outcome<=harm, as in log-loss<=0.02"))
    .default([])
    .register(fields, { title: "What must not get worse, and by how much, such as log-loss<=0.02" }),
  minimumEffect: z.coerce.number().min(0).optional().register(fields, {
    title: "Smallest improvement worth a launch (default: 0.01)",
  }),
  expectedUnits: z.coerce.number().int().min(100).optional().register(fields, {
    title: "People at which a decision is expected (default: 5000)",
  }),
  shortest: spanSchema.optional().register(fields, { title: "No launch before, such as 7d" }),
  longest: spanSchema.optional().register(fields, { title: "Given up after (default: 28d)" }),
  bandit: z.enum(BANDIT_METHODS).optional().register(fields, {
    title: "Let the traffic follow success instead; this decides nothing",
  }),
  leastShare: z.coerce.number().gt(0).max(0.2).optional().register(fields, {
    title: "Of a bandit: no version gets less (default: 0.02)",
  }),
  reason: z.string().min(1).default("asked for").register(fields, { title: "Why, for the record" }),
  ...commonOptions,
});
type Wishes = z.output<typeof options>;

export const command = defineCommand({
  name: "experiment",
  summary: "Compare two versions where people use them: start, look, act on a clear verdict, stop",
  example: "quern experiment status churn",
  arguments: [
    { name: "action", help: ACTIONS.join(", "), required: true },
    { name: "name", help: "Name of the model", required: true },
  ],
  options,
  async run([action = "", name = ""], wishes, io) {
    const workflow = workflowOptions(wishes, io);
    const { reason } = wishes;
    const result = await act();
    io.result(result, () => describeResult(result));
    const ended = action === "update" && result.state === "ended";
    return ended && result.experiment?.verdict !== "launch" ? ERROR_TABLE.GOAL_NOT_MET.exit : 0;

    function act(): Promise<ExperimentResult> {
      switch (action) {
        case "start":
          return start(name, wishes, workflow);
        case "status":
          return experimentStatus(name, workflow);
        case "update":
          return updateExperiment(name, workflow);
        case "stop":
          return stopExperiment({ name, reason }, workflow);
        default:
          throw new QuernError("USAGE", `There is no action ${JSON.stringify(action)}.`, {
            hint: `Use one of ${ACTIONS.join(", ")}.`,
          });
      }
    }
  },
});

function start(
  name: string,
  wishes: Wishes,
  workflow: ReturnType<typeof workflowOptions>,
): Promise<ExperimentResult> {
  const { candidate, bandit, share, leastShare, reason } = wishes;
  const goal = goalOf(wishes);
  if (bandit !== undefined) {
    if (candidate.length < 2) throw needs("A bandit needs at least two versions.");
    return startBandit(
      {
        ...{ name, models: candidate, method: bandit, reason },
        ...(goal ? { reward: goal } : {}),
        ...(leastShare === undefined ? {} : { leastShare }),
      },
      workflow,
    );
  }
  if (candidate.length !== 1) throw needs("An experiment needs one candidate.");
  const design = designOf(wishes, goal);
  return startExperiment(
    { name, candidate: candidate[0]!, design, reason, ...(share === undefined ? {} : { share }) },
    workflow,
  );
}

const needs = (message: string): QuernError =>
  new QuernError("USAGE", message, {
    hint: "Name versions: `quern experiment start churn --candidate churn@2`.",
  });

function goalOf({ goal, class: counted }: Wishes): OutcomeGoal | undefined {
  if (goal === undefined) return undefined;
  return { outcome: goal, ...(counted === undefined ? {} : { class: counted }) };
}

function designOf(
  { guards, minimumEffect, expectedUnits, shortest, longest }: Wishes,
  goal: OutcomeGoal | undefined,
): ExperimentDesign {
  const known = { goal, minimumEffect, expectedUnits, shortest, longest };
  const parsed = experimentDesignSchema.safeParse({
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
    guards: guards.map((guard) => {
      const [, outcome, harm] = GUARD.exec(guard)!;
      return { outcome, harm: Number(harm) };
    }),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QuernError("USAGE", `--${String(issue.path[0])}: ${issue.message}.`, { cause: parsed.error });
}

function describeResult({ model, state, experiment, bandit, plan, champion }: ExperimentResult): string {
  const lines: string[] = [];
  if (experiment) lines.push(...describeExperiment(experiment));
  if (plan) lines.push(`planned: about ${plan.units} people, ${formatNumber(plan.days)} days`);
  if (bandit) {
    const rows = bandit.arms.map(({ model: arm, share, successes, failures }) => {
      return [arm, formatNumber(share), String(successes), String(failures)];
    });
    lines.push(textTable(["version", "share", "successes", "failures"], rows, new Set([1, 2, 3])));
    lines.push(`${bandit.method}: shares follow success; no verdict is drawn from them`);
  }
  if (state === "none") lines.push(`${model}: no experiment is running`);
  if (state === "ended")
    lines.push(
      `ended; ${champion === null ? "there is no champion" : `the champion is ${model}@${champion}`}`,
    );
  return lines.join("\n");
}

function describeExperiment(status: NonNullable<ExperimentResult["experiment"]>): string[] {
  const rows = status.arms.map((arm) => [
    arm.model,
    formatNumber(arm.share),
    String(arm.units),
    String(arm.labelledUnits),
    formatNumber(arm.mean),
  ]);
  const outcomes = [status.goal, ...status.guards].map(
    ({ outcome, improvement, low, high, pValue }, index) => [
      index === 0 ? "goal" : "guard",
      outcome,
      formatNumber(improvement),
      low === null ? "not bounded yet" : `${formatNumber(low)} to ${formatNumber(high)}`,
      pValue.toPrecision(2),
    ],
  );
  const { expected } = status;
  return [
    textTable(["version", "share", "people", "labelled", status.goal.outcome], rows, new Set([1, 2, 3, 4])),
    "",
    textTable(["", "outcome", "improvement", "interval at any time", "p"], outcomes, new Set([2, 4])),
    "",
    ...(expected
      ? [`expected: about ${expected.units} people, ${formatNumber(expected.days)} days in all`]
      : []),
    `${status.verdict}: ${printable(status.reason)}`,
  ];
}
