import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { type Gates, gatesSchema } from "../../../foundation/contracts/registry.js";
import { approve, promote } from "../../../workflows/serve/promote.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { textTable } from "../text.js";
import { workflowOptions } from "../workflow-options.js";

const PAIR = /^\s*(fairness\.)?([\w-]+)\s*([<>]=?.+)$/;

export const command = defineCommand({
  name: "promote",
  summary: "Let an alias, the champion, point to a version that passes its gates",
  example: "quern promote churn --reason first",
  arguments: [
    {
      name: "model",
      help: "`name@3` or `name@challenger`; a bare name is its newest version",
      required: true,
    },
  ],
  options: z.strictObject({
    to: z.string().default("champion").register(fields, { title: "Alias to move" }),
    reason: z.string().min(1).register(fields, { title: "Why, for the record" }),
    actor: z.string().default("").register(fields, { title: "Who promotes, for the record" }),
    require: z
      .array(z.string().regex(PAIR, "write auc>=0.8 or fairness.equal-opportunity<=0.1"))
      .default([])
      .register(fields, {
        title:
          "Gates of the alias from now on, such as auc>=0.8,latencyP99Ms<=10,fairness.equal-opportunity<=0.1",
      }),
    approvals: z.coerce.number().int().min(0).max(20).optional().register(fields, {
      title: "Approvals that a version needs from now on",
    }),
    approveAs: z.string().min(1).optional().register(fields, {
      title: "Only record the approval of this person, and promote nothing",
    }),
    force: z.boolean().default(false).register(fields, { title: "Promote although a gate is not met" }),
    ...commonOptions,
  }),
  async run([model = ""], options, io) {
    const { to: alias, reason, actor, force, approveAs } = options;
    const workflow = workflowOptions(options, io);
    if (approveAs !== undefined) {
      const approvals = await approve({ model, alias, approver: approveAs, note: reason }, workflow);
      io.result(
        { approvals },
        () => `${approvals.length} approved: ${approvals.map(({ approver }) => approver).join(", ")}`,
      );
      return undefined;
    }
    const gates = gatesOf(options.require, options.approvals);
    const promotion = await promote(
      { model, alias, reason, actor, force, ...(gates ? { gates } : {}) },
      workflow,
    );
    io.result(promotion, () => {
      const table = textTable(
        ["gate", "of", "wanted", "found", "met"],
        promotion.gates.map(({ gate, subject, wanted, found, met }) => [
          gate,
          subject,
          wanted,
          found,
          met ? "yes" : "no",
        ]),
        new Set(),
      );
      const before = promotion.from === null ? "" : `, before ${promotion.from}`;
      return `${promotion.name}@${alias} is version ${promotion.version} now${before}\n\n${table}`;
    });
    return undefined;
  },
});

/** Nothing where no gate is named: those kept for the alias hold. */
function gatesOf(pairs: readonly string[], approvals: number | undefined): Gates | undefined {
  if (pairs.length === 0 && approvals === undefined) return undefined;
  const goals: Record<string, string> = {};
  const fairness: Record<string, string> = {};
  for (const pair of pairs) {
    const [, isFairness, name = "", bound = ""] = PAIR.exec(pair)!;
    (isFairness ? fairness : goals)[name] = bound;
  }
  const parsed = gatesSchema.safeParse({
    goals,
    fairness,
    ...(approvals === undefined ? {} : { approvals }),
  });
  if (parsed.success) return parsed.data;
  throw new QuernError("USAGE", `--require: a bound must be a comparison and a number, as in auc>=0.8.`, {
    cause: parsed.error,
  });
}
