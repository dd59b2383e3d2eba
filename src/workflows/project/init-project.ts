import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { stringify } from "yaml";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { decideSchema } from "../load/schema.js";
import { prepareData } from "../train/prepare.js";
import { openRows, type ReadingOptions } from "../use/reading.js";
import { resolveProject } from "./project-file.js";

export interface InitRequest {
  readonly source: string;
  readonly target?: string | undefined;
  readonly name?: string | undefined;
  readonly force?: boolean;
  readonly reading?: ReadingOptions;
}

const FILE = "quern.yaml";

/** Writes a project file that says what would be inferred, so that it can be corrected. @throws QuernError PATH_REFUSED */
export async function initProject(
  request: InitRequest,
  options: WorkflowOptions = {},
): Promise<{ path: string; text: string }> {
  const context = workflowContext(options);
  const path = resolve(context.folder, FILE);
  if (existsSync(path) && !request.force) {
    throw new QuernError("PATH_REFUSED", `${path} exists already.`, {
      hint: "Edit it, or replace it with --force.",
      details: { path },
    });
  }
  const data = await openRows(request.source, request.reading ?? {}, context);
  try {
    const source = /^https?:\/\//i.test(request.source)
      ? request.source
      : relative(context.folder, resolve(request.source)) || ".";
    const { target } = request;
    const { columns } = await decideSchema(
      data,
      resolveProject({ task: target === undefined ? {} : { target } }),
    );
    const kinds = Object.fromEntries(columns.map((column) => [column.name, column.kind]));
    const task = target === undefined ? {} : await describeTask(target, data, context.signal);
    const { allowHost: _, ...reading } = request.reading ?? {};
    const said = Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined));
    const id = columns.find((column) => column.kind === "id")?.name;
    const document = {
      ...(request.name === undefined ? {} : { name: request.name }),
      task,
      data: { source, ...said, ...(id === undefined ? {} : { id }), kinds },
      models: "auto",
    };
    const reasons = columns.map((column) => `#   ${JSON.stringify(column.name)}: ${column.reason}`);
    const text = `# A Quern project: \`quern train\` in this folder uses it.\n${stringify(document)}# Why these kinds:\n${reasons.join("\n")}\n`;
    writeFileAtomic(path, text);
    return { path, text };
  } finally {
    await data.close();
  }
}

async function describeTask(
  target: string,
  data: Parameters<typeof prepareData>[0],
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const { target: resolved } = await prepareData(data, resolveProject({ task: { target } }), signal);
  return {
    target,
    type: resolved.task,
    ...(resolved.task === "binary" ? { positive: resolved.classes[1] } : {}),
  };
}
