import { Option } from "commander";
import type { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { fields } from "../../foundation/contracts/extension.js";

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

interface FieldShape {
  readonly type: string;
  readonly defaultValue: unknown;
  readonly choices?: readonly string[];
}

/** Looks through optional, default and pipe wrappers for what the flag takes. */
function fieldShape(schema: z.core.$ZodType): FieldShape {
  const definition = schema._zod.def as {
    type: string;
    innerType?: z.core.$ZodType;
    in?: z.core.$ZodType;
    entries?: Record<string, string>;
  };
  const defaultValue = "defaultValue" in definition ? definition.defaultValue : undefined;
  const inner = definition.innerType ?? definition.in;
  if (inner) {
    const shape = fieldShape(inner);
    return { ...shape, defaultValue: defaultValue ?? shape.defaultValue };
  }
  const choices = definition.entries ? { choices: Object.values(definition.entries) } : {};
  return { type: definition.type, defaultValue, ...choices };
}

/** One commander option for each key of a Zod object. Values stay text; Zod converts and checks them. */
export function flagsOf(options: z.ZodObject): Option[] {
  return Object.entries(options.shape).map(([name, schema]) => {
    const { type, defaultValue, choices } = fieldShape(schema);
    const metadata = fields.get(schema as z.ZodType);
    const words = [metadata?.title ?? name, metadata?.help].filter(Boolean).join(". ");
    const isPlain =
      typeof defaultValue === "number" || (typeof defaultValue === "string" && defaultValue !== "");
    const shown = isPlain ? ` (default: ${defaultValue})` : "";
    const dashed = name.length === 1 ? `-${name}` : `--${kebab(name)}`;
    const flag =
      type === "boolean"
        ? dashed
        : `${dashed} <${type === "array" ? "a,b" : valueName(type, metadata?.unit)}>`;
    const option = new Option(flag, words + shown);
    if (choices) option.choices([...choices]);
    if (type === "array")
      option.argParser((value: string, before?: string) =>
        before === undefined ? value : `${before},${value}`,
      );
    return option;
  });
}

function valueName(type: string, unit: string | undefined): string {
  return unit ?? (type === "number" ? "n" : "value");
}

/**
 * Checks what commander collected. Arrays are split at commas here, because only here the type is known.
 * @throws QuernError USAGE naming the flag
 */
export function parseFlags<Options extends z.ZodObject>(
  options: Options,
  raw: Record<string, unknown>,
): z.infer<Options> {
  const prepared: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(options.shape)) {
    const value = raw[name];
    if (value === undefined) continue;
    const { type } = fieldShape(schema);
    prepared[name] =
      type === "array" && typeof value === "string"
        ? value
            .split(",")
            .map((part) => part.trim())
            .filter(Boolean)
        : value;
    if (type === "number" && typeof value === "string")
      prepared[name] = value.trim() === "" ? Number.NaN : Number(value);
  }
  const result = options.safeParse(prepared);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const name = String(issue.path[0] ?? "");
  const flag = `--${kebab(name)}`;
  const problem = prepared[name] === undefined ? " is missing" : `: ${issue.message}`;
  throw new QuernError("USAGE", `${flag}${problem}.`, { details: { flag } });
}
