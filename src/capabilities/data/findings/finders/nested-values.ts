import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { sampledTexts } from "../columns.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

/** Cells looked at; parsing them is the work. */
const LOOKED_AT = 1000;

export const nestedValues = defineFinder({
  id: "nested-values",
  version: 1,
  summary: "Columns of JSON objects and lists that were read as text",
  config: z.strictObject({
    share: shareField(0.8, "Share of values that are JSON objects or lists", 0.5),
  }),
  find(input, { share: limit }) {
    const findings: Finding[] = [];
    for (const { profile, texts } of sampledTexts(input, LOOKED_AT)) {
      const nested = texts.flatMap((text) => parseNested(text) ?? []);
      if (nested.length === 0 || nested.length < limit * texts.length) continue;
      const keys = [...new Set(nested.flatMap(({ keys }) => keys))];
      findings.push(
        nestedFinding(profile.name, profile.kind, nested[0]!.text, keys, nested.length / texts.length),
      );
    }
    return findings;
  },
});

interface Nested {
  readonly text: string;
  /** Of an object; a list has none. */
  readonly keys: readonly string[];
}

function parseNested(text: string): Nested | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return { text, keys: Array.isArray(value) ? [] : Object.keys(value as object) };
  } catch {
    return undefined;
  }
}

function nestedFinding(
  name: string,
  kind: string,
  example: string,
  keys: readonly string[],
  share: number,
): Finding {
  const what = keys.length > 0 ? "JSON objects" : "JSON lists";
  const named = keys.slice(0, 5).map((key) => quote(`${name}.${key}`));
  const more = keys.length > named.length ? " and so on" : "";
  return {
    id: "nested-values",
    severity: "warning",
    column: name,
    message: `Column ${quote(name)} holds ${what} (${quote(example)}) in ${percent(share)} of its values, but was read as ${kind}, so the model would see their texts, not what is in them.`,
    evidence: { share, example: example.slice(0, 200), keys: keys.slice(0, 50) },
    fix: {
      state: "proposed",
      action:
        keys.length > 0
          ? `Write each field into a column of its own, such as ${named.join(", ")}${more}.`
          : "Write each item into a column of its own; lists of equally many numbers are read as vectors.",
    },
  };
}
