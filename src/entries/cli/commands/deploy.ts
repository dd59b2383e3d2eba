import { z } from "zod";
import { QuernError } from "../../../foundation/base/errors.js";
import { type Deployment, deploymentSchema } from "../../../foundation/contracts/deployment.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { deploy } from "../../../workflows/serve/deploy.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "deploy",
  summary: "Spread the requests for a name over its versions: by weight, with shadows, as a canary",
  example: "quern deploy churn --variants churn@1=90,churn@2=10 --reason trial",
  arguments: [{ name: "name", help: "Name of the model", required: true }],
  options: z.strictObject({
    variants: z.array(z.string()).default([]).register(fields, {
      title: "Versions or aliases with their weights, such as churn@champion=90,churn@2=10",
    }),
    shadows: z.array(z.string()).default([]).register(fields, {
      title: "Versions that compute the same requests without answering",
    }),
    canary: z.boolean().default(false).register(fields, {
      title:
        "Move from the first variant to the second in steps, and back when it fails more, is slower or answers otherwise",
    }),
    steps: z.array(z.coerce.number()).optional().register(fields, {
      title: "Percent of the requests at each step of a canary",
    }),
    stepSeconds: z.coerce.number().optional().register(fields, {
      title: "Time at each step of a canary, at least",
      unit: "s",
    }),
    maximumDrift: z.coerce.number().optional().register(fields, {
      title: "How far the distribution of a canary's answers may be from the other's, 0 to 1",
      help: "Kolmogorov-Smirnov distance of predicted numbers or of a class's probability; default 0.25, 1 allows anything.",
    }),
    end: z
      .boolean()
      .default(false)
      .register(fields, { title: "End the deployment: the champion alone answers" }),
    reason: z.string().min(1).register(fields, { title: "Why, for the record" }),
    ...commonOptions,
  }),
  async run([name = ""], options, io) {
    const deployment = options.end ? null : deploymentOf(options);
    const change = await deploy({ name, deployment, reason: options.reason }, workflowOptions(options, io));
    io.result(change, () => {
      if (!change.deployment) return `${name}: the champion alone answers`;
      const shares = change.deployment.variants.map(({ model, weight }) => `${model}=${weight}`);
      return `${name}: ${shares.join(", ")}`;
    });
    return undefined;
  },
});

interface Wishes {
  readonly variants: readonly string[];
  readonly shadows: readonly string[];
  readonly canary: boolean;
  readonly steps?: readonly number[] | undefined;
  readonly stepSeconds?: number | undefined;
  readonly maximumDrift?: number | undefined;
}

function deploymentOf({ variants, shadows, canary, ...wishes }: Wishes): Deployment {
  const { steps, stepSeconds, maximumDrift } = wishes;
  const given = Object.entries({ steps, stepSeconds, maximumDrift }).filter(
    ([, value]) => value !== undefined,
  );
  const parsed = deploymentSchema.safeParse({
    shadows,
    variants: variants.map((variant) => {
      const [model, weight = "1"] = variant.split("=");
      return { model, weight: Number(weight) };
    }),
    // The weights of a canary come from its steps.
    ...(canary ? { canary: Object.fromEntries(given) } : {}),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QuernError("USAGE", `--${String(issue.path[0] ?? "variants")}: ${issue.message}.`, {
    hint: "Name the variants with their weights: --variants churn@1=90,churn@2=10.",
  });
}
