import { readdirSync } from "node:fs";
import { isAbsolute, join, sep } from "node:path";

export const isGlob = (path: string): boolean => /[*?[]/.test(path);

/** Files that match a pattern of `*`, `?`, `[abc]` and `**` (any depth), sorted. Names that begin with a dot need one in the pattern. */
export function expandGlob(pattern: string, base: string): string[] {
  const parts = pattern.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  const found = new Set<string>();
  visit(isAbsolute(pattern) ? sep : base, parts, found);
  return [...found].sort();
}

function visit(folder: string, parts: readonly string[], found: Set<string>): void {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (part === "**") {
    visit(folder, rest, found);
    for (const entry of entriesOf(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) visit(join(folder, entry.name), parts, found);
    }
    return;
  }
  if (!isGlob(part) && rest.length > 0) {
    visit(join(folder, part), rest, found);
    return;
  }
  const expression = segmentExpression(part);
  for (const entry of entriesOf(folder)) {
    if (!expression.test(entry.name) || (entry.name.startsWith(".") && !part.startsWith("."))) continue;
    if (rest.length > 0) {
      if (!entry.isFile()) visit(join(folder, entry.name), rest, found);
    } else if (!entry.isDirectory()) found.add(join(folder, entry.name));
  }
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function segmentExpression(part: string): RegExp {
  const source = part.replace(
    /\[(!?)([^\]]+)\]|[*?]|[.+^$()|{}\\[\]]/g,
    (match, not?: string, set?: string) => {
      if (match === "*") return ".*";
      if (match === "?") return ".";
      if (set !== undefined) return `[${not ? "^" : ""}${set.replace(/[\\\]^]/g, "\\$&")}]`;
      return `\\${match}`;
    },
  );
  return new RegExp(`^${source}$`, "su");
}
