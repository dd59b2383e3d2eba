import { z } from "zod";
import { planTraining, type TrainingPlan } from "../../../workflows/train/plan-training.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { projectFromFlags, projectOptions, requireSource } from "../project-options.js";
import { formatDuration, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "plan",
  summary: "Show what a training would do, without doing it",
  example: "quern plan data.csv --target churn",
  arguments: [
    {
      name: "data",
      help: "A file, folder, glob, URL or `-`; default: the project file's source",
      required: false,
    },
  ],
  options: z.strictObject({ ...projectOptions, ...workOptions, ...commonOptions }),
  async run([data], options, io) {
    const { input, folder } = projectFromFlags(data, options);
    requireSource(input);
    const plan = await planTraining(
      { project: input, allowedHosts: options.allowHost },
      workflowOptions(options, io, folder),
    );
    io.result(plan, () => {
      const { target, split } = plan;
      const trials = plan.trials.map((trial) => [
        trial.trainer,
        formatDuration(1000 * trial.seconds),
        `${Math.ceil(trial.megabytes)} MiB`,
        trial.basis,
      ]);
      return [
        `${plan.source}: ${plan.rows} rows`,
        `predicts ${target.column} (${target.task}): ${target.reason}`,
        `judged by ${plan.metric}`,
        splitText(split),
        "",
        textTable(
          ["column", "kind", "role", "why"],
          plan.columns.map((column) => [column.name, column.kind, column.role, column.reason]),
        ),
        "",
        ...Object.entries(plan.features).flatMap(([style, steps]) => [
          `features for ${style} models:`,
          ...steps.map((step) => `  ${step}`),
          "",
        ]),
        textTable(["trainer", "time", "memory", "of"], trials, new Set([1, 2])),
        ...searchText(plan),
        ...plan.leftOut.map(({ trainer, reason }) => `${trainer} is left out: ${reason}`),
        "",
        `about ${formatDuration(1000 * plan.seconds)} of fits on one thread; the whole training ${formatDuration(1000 * plan.wallSeconds)}, with ${plan.machine.slots} side by side`,
        `about ${mebibytes(plan.machine.neededBytes)} of memory; ${mebibytes(plan.machine.freeBytes)} are free`,
        ...plan.machine.advice,
      ].join("\n");
    });
    return undefined;
  },
});

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

function splitText({ kind, train, validation, test, rounds, folds, reason }: TrainingPlan["split"]): string {
  const learning =
    folds > 1
      ? `${train + validation} to learn and choose in ${folds} folds`
      : `${train} to learn, ${validation} to choose`;
  return `split ${kind}: ${learning}, ${rounds > 1 ? "every row once to judge" : `${test} to judge`}. ${reason}`;
}

function searchText({ searched }: TrainingPlan): string[] {
  if (searched === null) return ["then the search goes on until the time is up"];
  return searched > 0 ? [`then the search tries ${searched} more`] : [];
}
