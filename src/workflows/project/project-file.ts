import { readFileSync, statSync } from "node:fs";
import { isMap, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import { type Project, type ProjectInput, projectSchema } from "../../foundation/contracts/project.js";

const MAX_BYTES = 1 << 20;
const MAX_ALIASES = 50;
const MAX_DEPTH = 32;

export interface ProjectFile {
  readonly path: string;
  readonly input: ProjectInput;
  readonly project: Project;
}

/**
 * Reads and checks a project file. YAML core schema only: no custom tags, few aliases, bounded size and depth.
 * @throws QuernError DATA_NOT_FOUND; CONFIG_INVALID naming line, column, key and the nearest known key
 */
export function readProjectFile(path: string): ProjectFile {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isFile())
    throw new QuernError("DATA_NOT_FOUND", `There is no project file ${path}.`, { details: { path } });
  if (status.size > MAX_BYTES) throw invalid(path, undefined, `is larger than ${MAX_BYTES} bytes`);
  const { input, project } = parseProject(readFileSync(path, "utf8"), path);
  return { path, input, project };
}

/** `path` is used in messages only. */
export function parseProject(text: string, path: string): { input: ProjectInput; project: Project } {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: "core",
    version: "1.2",
    uniqueKeys: true,
  });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem)
    throw invalid(
      path,
      lines.linePos(problem.pos[0]),
      problem.message.split("\n")[0]!.replace(/ at line.*$/, ""),
    );
  const plain = toPlain(() => document.toJS({ maxAliasCount: MAX_ALIASES }), path) ?? {};
  const result = projectSchema.safeParse(plain);
  if (result.success) return { input: plain as ProjectInput, project: result.data };
  const issue = deepestIssue(result.error.issues);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const key = [...issue.path, ...(unknown === undefined ? [] : [unknown])].map(String);
  const node = locate(document.contents, key);
  throw invalid(path, node === undefined ? undefined : lines.linePos(node), describe(issue, key), key);
}

/** Applies flags over a project file's input and checks the whole again. */
export function resolveProject(input: ProjectInput): Project {
  const result = projectSchema.safeParse(input);
  if (result.success) return result.data;
  const issue = deepestIssue(result.error.issues);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  throw invalid("the configuration", undefined, describe(issue, [...issue.path.map(String), ...unknown]));
}

function toPlain(read: () => unknown, path: string): unknown {
  try {
    const value = read();
    checkDepth(value, path, 0);
    return value;
  } catch (cause) {
    if (QuernError.is(cause)) throw cause;
    throw invalid(path, undefined, cause instanceof Error ? cause.message : String(cause));
  }
}

function checkDepth(value: unknown, path: string, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(path, undefined, `is nested deeper than ${MAX_DEPTH} levels`);
  if (value === null || typeof value !== "object") return;
  for (const entry of Object.values(value)) checkDepth(entry, path, depth + 1);
}

type Issue = z.core.$ZodIssue;

/** A union reports every branch; the branch that got furthest is the one the writer meant. */
function deepestIssue(issues: readonly Issue[]): Issue {
  const [first] = issues;
  if (first?.code !== "invalid_union") return first!;
  const branches = first.errors.filter((branch) => branch.length > 0).map((branch) => deepestIssue(branch));
  const deepest = branches.sort((a, b) => b.path.length - a.path.length)[0];
  if (!deepest || deepest.path.length === 0) return first;
  return { ...deepest, path: [...first.path, ...deepest.path] } as Issue;
}

function describe(issue: Issue, key: readonly string[]): string {
  const name = key.join(".");
  if (issue.code !== "unrecognized_keys") return `${name ? `\`${name}\`: ` : ""}${issue.message}`;
  const guess = nearest(key.at(-1)!, knownKeys(issue.path));
  return `unknown key \`${name}\`${guess ? `; did you mean \`${guess}\`?` : ""}`;
}

/** The keys allowed at a path, read from the schema itself. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: z.core.$ZodType | undefined = projectSchema;
  for (const part of path) {
    const shape: Record<string, z.core.$ZodType> | undefined = schema && shapeOf(schema);
    schema = shape?.[String(part)];
  }
  return schema ? Object.keys(shapeOf(schema) ?? {}) : [];
}

function shapeOf(schema: z.core.$ZodType): Record<string, z.core.$ZodType> | undefined {
  const definition = schema._zod.def as {
    shape?: Record<string, z.core.$ZodType>;
    innerType?: z.core.$ZodType;
    options?: z.core.$ZodType[];
  };
  if (definition.shape) return definition.shape;
  if (definition.innerType) return shapeOf(definition.innerType);
  if (definition.options)
    return Object.assign({}, ...definition.options.map((option) => shapeOf(option) ?? {}));
  return undefined;
}

/** Offset of the key, or of the nearest enclosing node that exists. */
function locate(contents: Node | null, key: readonly string[]): number | undefined {
  let node: unknown = contents;
  let offset = contents?.range?.[0];
  for (const part of key) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === part);
      if (!pair) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else {
      const items: unknown = (node as { items?: unknown[] } | null)?.items?.[Number(part)];
      if (!items) return offset;
      offset = (items as Node).range?.[0] ?? offset;
      node = items;
    }
  }
  return offset;
}

function invalid(
  path: string,
  position: { line: number; col: number } | undefined,
  why: string,
  key: readonly string[] = [],
): QuernError {
  const place = position ? `${path}:${position.line}:${position.col}` : path;
  return new QuernError("CONFIG_INVALID", `${place}: ${why}${why.endsWith("?") ? "" : "."}`, {
    details: { path, line: position?.line, column: position?.col, key: key.join(".") || undefined },
  });
}
