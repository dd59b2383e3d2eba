import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { Column } from "../../../../foundation/contracts/frame.js";
import { featureColumns } from "../columns.js";
import { quote } from "../wording.js";

/** Values of a category that are one text but for case, white space and the width or composition of characters. */
export const spellingVariants = defineFinder({
  id: "spelling-variants",
  version: 1,
  summary: "Values and classes that differ only in case, spaces or the width of characters",
  config: z.strictObject({
    maximumDistinct: z
      .number()
      .int()
      .min(2)
      .default(10_000)
      .register(fields, { title: "Distinct values up to which a column is looked at" }),
  }),
  find(input, { maximumDistinct }) {
    const target = input.target && input.frame.columns.get(input.target.name);
    const labels = input.target && input.target.values.task !== "regression" ? target : undefined;
    const columns = featureColumns(input).map(({ profile, column }) => ({ name: profile.name, column }));
    return [
      ...(labels ? [{ name: input.target!.name, column: labels, isTarget: true }] : []),
      ...columns.map((one) => ({ ...one, isTarget: false })),
    ].flatMap(({ name, column, isTarget }) => {
      const values = distinctTexts(column, maximumDistinct);
      const variants = values ? variantsOf(values) : [];
      return variants.length === 0 ? [] : [variantsFinding(name, variants, values!.length, isTarget)];
    });
  },
});

/** Undefined: the column holds no labels, or too many. */
function distinctTexts(column: Column, most: number): readonly string[] | undefined {
  if (column.kind !== "category" || column.dictionary.length > most) return undefined;
  const used = new Set(column.codes);
  return column.dictionary.filter((_, code) => used.has(code));
}

/** Groups of two and more, in the order of their first values. */
function variantsOf(values: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const value of values) {
    const key = value.normalize("NFKC").replace(/\s+/gu, " ").trim().toLowerCase();
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function variantsFinding(name: string, variants: string[][], distinct: number, isTarget: boolean): Finding {
  const joined = distinct - variants.reduce((sum, group) => sum + group.length - 1, 0);
  const listed = variants.slice(0, 3).map((group) => group.slice(0, 4).map(quote).join(" = "));
  const more = variants.length > listed.length ? ` and ${variants.length - listed.length} more` : "";
  const what = isTarget ? "classes" : "categories";
  const effect = isTarget
    ? `A model learns them as different answers; joined, ${joined === 1 ? "one class is" : `${joined} classes are`} left of ${distinct}.`
    : `A model learns each of them from its own rows alone; joined, ${joined} of ${distinct} are left.`;
  return {
    id: "spelling-variants",
    severity: isTarget ? "warning" : "info",
    column: name,
    message: `Some ${what} of ${quote(name)} differ only in case, spaces or the width of characters: ${listed.join("; ")}${more}. ${effect}`,
    evidence: { variants: variants.slice(0, 50), groups: variants.length, distinct, joined },
    fix: { state: "proposed", action: "If they mean the same, write them in one way in the source." },
  };
}
