import { z } from "zod";
import { profileText } from "../../../capabilities/data/profile/views/profile-text.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { profileData } from "../../../workflows/use/profile-data.js";
import { defineCommand } from "../command.js";
import { commonOptions, workOptions } from "../common-options.js";
import { projectFromFlags, projectOptions, requireSource } from "../project-options.js";
import { workflowOptions } from "../workflow-options.js";

const {
  models: _models,
  trials: _trials,
  metric: _metric,
  seed: _seed,
  name: _name,
  ...options
} = projectOptions;

export const command = defineCommand({
  name: "profile",
  summary: "Describe a data file: kinds, missing values, distributions, findings",
  example: "quern profile data.csv --target churn --report profile.html",
  arguments: [
    {
      name: "data",
      help: "A file, folder, glob, URL or `-`; default: the project file's source",
      required: false,
    },
  ],
  options: z.strictObject({
    ...options,
    report: z.string().optional().register(fields, { title: "HTML page to write" }),
    ...workOptions,
    ...commonOptions,
  }),
  async run([data], flags, io) {
    const { input, folder } = projectFromFlags(data, flags);
    requireSource(input);
    const { profile, report } = await profileData(
      {
        project: input,
        allowedHosts: flags.allowHost,
        ...(flags.report === undefined ? {} : { report: flags.report }),
      },
      workflowOptions(flags, io, folder),
    );
    io.result(
      profile,
      () =>
        `${profileText(profile, { width: io.stdout.columns ?? 100 })}${report === null ? "" : `\n\nreport  ${report}`}`,
    );
    return undefined;
  },
});
