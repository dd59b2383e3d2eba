import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { printable } from "../../../foundation/base/terminal-text.js";
import { fields } from "../../../foundation/contracts/extension.js";
import type { LabelResult } from "../../../foundation/contracts/label-queue.js";
import { exportLabels, importLabels, listLabels, skipLabels } from "../../../workflows/label/label-queue.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { readingOf, sourceOptions } from "../project-options.js";
import { formatNumber, textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const ACTIONS = ["list", "export", "import", "skip"] as const;

export const command = defineCommand({
  name: "label",
  summary: "Predictions worth a label: list them, take them to a labelling tool, bring the labels back",
  example: "quern label list churn",
  arguments: [
    { name: "action", help: ACTIONS.join(", "), required: true },
    { name: "model", help: "The model's name", required: true },
    { name: "file", help: "To import: a file with the columns id and label", required: false },
  ],
  options: z.strictObject({
    out: z.string().optional().register(fields, { title: "File to export to, .csv or .jsonl" }),
    again: z.boolean().default(false).register(fields, {
      title: "Export also what was exported before and has no label yet",
    }),
    ids: z.array(z.string()).default([]).register(fields, {
      title: "To skip: predictions that nobody can label",
    }),
    limit: z.coerce.number().int().min(1).optional().register(fields, { title: "At most so many" }),
    ...sourceOptions,
    ...commonOptions,
  }),
  async run([action = "", model = "", file], options, io) {
    const workflow = workflowOptions(options, io);
    const { out, again, ids, limit } = options;
    const most = limit === undefined ? {} : { limit };
    const result = await act();
    io.result(result, () => describeResult(result));
    return undefined;

    function act(): Promise<LabelResult> {
      switch (action) {
        case "list":
          return listLabels({ model, ...most }, workflow);
        case "export":
          if (out === undefined) throw usage("--out is missing.", "--out to-label.csv");
          return exportLabels({ model, out, again, ...most }, workflow);
        case "import": {
          if (file === undefined) throw usage("The file of labels is missing.", "labelled.csv");
          const reading = readingOf(options);
          return importLabels({ model, source: file, reading }, workflow);
        }
        case "skip":
          if (ids.length === 0) throw usage("--ids is missing.", "--ids ID,ID");
          return skipLabels({ model, ids }, workflow);
        default:
          throw new QuernError("USAGE", `There is no action ${JSON.stringify(action)}.`, {
            hint: `Use one of ${ACTIONS.join(", ")}.`,
          });
      }

      function usage(message: string, missing: string): QuernError {
        return new QuernError("USAGE", message, { hint: `\`quern label ${action} ${model} ${missing}\`` });
      }
    }
  },
});

function describeResult({ counts, items, exported, imported, skipped }: LabelResult): string {
  const lines: string[] = [];
  if (items.length > 0) {
    const rows = items.map(({ id, reason, score, prediction, inputs }) => {
      return [id, reason, formatNumber(score), prediction, printable(JSON.stringify(inputs)).slice(0, 60)];
    });
    lines.push(textTable(["id", "reason", "score", "prediction", "inputs"], rows, new Set([2])), "");
  }
  if (exported) lines.push(`${exported.rows} predictions in ${exported.path}`);
  if (imported)
    lines.push(
      `${imported.added} labels added, ${imported.corrected} corrected, ${imported.repeated} known; ${imported.queued} were in the queue`,
    );
  if (skipped !== null) lines.push(`${skipped} skipped`);
  lines.push(`${counts.waiting} wait, ${counts.exported} are out, ${counts.labelled} are labelled`);
  return lines.join("\n");
}
