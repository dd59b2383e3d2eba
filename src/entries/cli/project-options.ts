import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { fields } from "../../foundation/contracts/extension.js";
import {
  DURATION,
  type Project,
  type ProjectInput,
  projectSchema,
} from "../../foundation/contracts/project.js";
import { PROJECT_TASKS } from "../../foundation/contracts/structured.js";
import { readProjectFile } from "../../workflows/project/project-file.js";

const text = (title: string, help?: string) =>
  z
    .string()
    .optional()
    .register(fields, help ? { title, help } : { title });

/** How to read a data file; shared by every verb that takes one. */
export const sourceOptions = {
  format: projectSchema.shape.data
    .unwrap()
    .shape.format.register(fields, { title: "Format", help: "Default: by content." }),
  delimiter: text("Delimiter of a CSV file"),
  encoding: text("Text encoding", "utf-8, utf-16le, utf-16be, gb18030; default: by content"),
  header: z
    .enum(["yes", "none"])
    .transform((said) => said === "yes")
    .optional()
    .register(fields, { title: "Whether a line names the columns", help: "Default: by content." }),
  skipLines: z.coerce.number().int().min(0).optional().register(fields, {
    title: "Lines above the header to pass over; of an Excel file rows",
    help: "Default: by content.",
  }),
  sheet: text("Sheet of an Excel file"),
  allowHost: z.array(z.string()).default([]).register(fields, { title: "Hosts a URL may be fetched from" }),
};

type SourceFlags = z.infer<z.ZodObject<typeof sourceOptions>>;

/** What the flags of a verb say about its data file. */
export function readingOf(flags: SourceFlags): SourceFlags {
  const { format, delimiter, encoding, header, skipLines, sheet, allowHost } = flags;
  return { format, delimiter, encoding, header, skipLines, sheet, allowHost };
}

/** Flags that override the project file. */
export const projectOptions = {
  project: text("Project file", "Default: quern.yaml in the working folder, if there is one."),
  data: text("Data", "A file, folder, glob, URL or `-`."),
  target: text("Target column"),
  task: z.enum(PROJECT_TASKS).optional().register(fields, { title: "Task" }),
  positive: text("Positive class of a binary task"),
  metric: text("Metric that ranks the models"),
  models: z.array(z.string()).optional().register(fields, { title: "Trainers to try" }),
  trials: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .register(fields, { title: "Configurations to try in all" }),
  time: z
    .string()
    .regex(DURATION, "write a duration as 90s, 10m or 1.5h; the time column is named by --time-column")
    .optional()
    .register(fields, { title: "Time for the training, such as 10m; ends within a tenth of it" }),
  ensemble: z.enum(["auto", "blend", "none"]).optional().register(fields, {
    title: "Average several models (auto, blend), or keep the best one (none)",
  }),
  distill: z.boolean().optional().register(fields, {
    title: "Keep one small model that has learned what the ensemble predicts",
  }),
  name: text("Model name"),
  id: text("Id column"),
  timeColumn: text("Time column; splits by time"),
  group: text("Group column; groups never cross a split"),
  ignore: z.array(z.string()).optional().register(fields, { title: "Columns to leave out" }),
  seed: z.coerce
    .number()
    .int()
    .min(0)
    .max(0xffffffff)
    .optional()
    .register(fields, { title: "Seed (default: 0)" }),
  language: z.enum(["en", "zh"]).optional().register(fields, { title: "Language of the report" }),
  ...sourceOptions,
};

const projectFlags = z.object(projectOptions);
export type ProjectFlags = z.infer<typeof projectFlags>;

const DEFAULT_FILE = "quern.yaml";

/** The project file (if any) with the flags on top, and the folder its relative paths start from. */
export function projectFromFlags(
  data: string | undefined,
  flags: ProjectFlags,
): { input: ProjectInput; folder: string } {
  const path = projectFile(flags.project);
  const file = path === undefined ? {} : readProjectFile(path).input;
  const source = data ?? flags.data;
  const input: ProjectInput = {
    ...file,
    ...defined({ name: flags.name, seed: flags.seed, models: flags.models }),
    task: {
      ...file.task,
      ...defined({ target: flags.target, type: flags.task, positive: flags.positive, metric: flags.metric }),
    },
    data: {
      ...file.data,
      ...defined({
        // A path on the command line starts from the working folder, wherever the project file is.
        source: source === undefined ? undefined : fromWorkingFolder(source),
        format: flags.format,
        delimiter: flags.delimiter,
        encoding: flags.encoding,
        header: flags.header,
        skipLines: flags.skipLines,
        sheet: flags.sheet,
        id: flags.id,
        time: flags.timeColumn,
        group: flags.group,
        ignore: flags.ignore,
      }),
    },
    tuning: { ...file.tuning, ...defined({ trials: flags.trials, time: flags.time }) },
    ensemble: { ...file.ensemble, ...defined({ kind: flags.ensemble, distill: flags.distill }) },
    report: { ...file.report, ...defined({ language: flags.language }) },
  };
  return { input, folder: projectFolder(flags.project) };
}

const projectFile = (path: string | undefined): string | undefined =>
  path ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);

/** Where the project's store and modules are: beside its file, or in the working folder where there is none. */
export function projectFolder(path: string | undefined): string {
  const file = projectFile(path);
  return file === undefined ? process.cwd() : dirname(resolve(file));
}

/** Of verbs that need of the project only what it brings itself. */
export const modulesOption = text(
  "Project file whose own modules define the model's metric",
  "Default: quern.yaml in the working folder, if there is one.",
);

/** The resolved project file with its modules by their full paths, or the defaults where there is none. */
export function projectSettings(path: string | undefined): Project {
  const file = projectFile(path);
  if (file === undefined) return projectSchema.parse({});
  const { project } = readProjectFile(file);
  const folder = projectFolder(path);
  return { ...project, extensions: project.extensions.map((name) => resolve(folder, name)) };
}

/** @throws QuernError USAGE when neither the command line nor the project file names data */
export function requireSource(input: ProjectInput): void {
  if (input.data?.source !== undefined) return;
  throw new QuernError("USAGE", "No data was given.", {
    hint: "Name a file: `quern train data.csv --target COLUMN`, or set `data.source` in quern.yaml.",
  });
}

function fromWorkingFolder(source: string): string {
  return source === "-" || /^https?:\/\//i.test(source) ? source : resolve(source);
}

function defined<T extends Record<string, unknown>>(
  record: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
