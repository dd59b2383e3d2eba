import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { listRuns, showRun } from "../../../workflows/use/browse-store.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { formatDuration, formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "runs",
  summary: "List runs",
  example: "quern runs",
  arguments: [{ name: "run", help: "Show this run with its trials", required: false }],
  options: z.strictObject({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(20)
      .register(fields, { title: "Runs to list, newest first" }),
    trials: z
      .string()
      .regex(/^\d{1,9}(-\d{1,9})?$/, "give the first number, or the first and the last: 0-99")
      .optional()
      .register(fields, {
        title: "Trials of the run to show, by number: 0-99, or 100 for it and the next 99",
      }),
    ...commonOptions,
  }),
  async run([id], options, io) {
    if (id !== undefined) {
      const shown = await showRun(id, { ...workflowOptions(options, io), ...trialRange(options.trials) });
      io.result(shown, () => {
        const trials = shown.trials.map((trial) => [
          String(trial.number),
          trial.trainer,
          trial.state,
          formatNumber(trial.value),
          formatDuration(trial.seconds * 1000),
        ]);
        const error = shown.run.error ? `\n${shown.run.error.code}: ${shown.run.error.message}` : "";
        return `${shown.run.id}  ${shown.run.name}  ${shown.run.state}${error}\n\n${textTable(["trial", "trainer", "state", "value", "time"], trials, new Set([0, 3, 4]))}`;
      });
      return undefined;
    }
    const runs = await listRuns({ limit: options.limit }, workflowOptions(options, io));
    io.result({ runs }, () =>
      textTable(
        ["run", "kind", "name", "state", "metric", "value", "started", "took"],
        runs.map((run) => [
          run.id,
          run.kind,
          run.name,
          run.state === "running" && run.stage ? `running: ${run.stage}` : run.state,
          run.metric ?? "",
          formatNumber(run.value),
          new Date(run.startedAt).toISOString().slice(0, 19).replace("T", " "),
          run.finishedAt === null ? "" : formatDuration(run.finishedAt - run.startedAt),
        ]),
        new Set([5, 7]),
      ),
    );
    return undefined;
  },
});

const TRIALS_SHOWN = 100;

function trialRange(text: string | undefined): { trials?: { from: number; limit: number } } {
  if (text === undefined) return {};
  const [from = 0, last = from + TRIALS_SHOWN - 1] = text.split("-").map(Number);
  return { trials: { from, limit: Math.max(0, last - from + 1) } };
}
