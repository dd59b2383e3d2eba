/** Batches whose texts are changed anew each time they are seen. */
import type { Logger } from "../../../../foundation/base/logger.js";
import type { Random } from "../../../../foundation/base/random.js";
import type { Frame, TokensColumn } from "../../../../foundation/contracts/frame.js";
import type { Batches } from "../batches.js";
import { firstPieces } from "../length-buckets.js";
import { changeText, rewritingKey, type TextKnowledge } from "./change-texts.js";
import type { TextAugmentation } from "./config.js";
import { readKnowledge } from "./read-knowledge.js";

/** Whether the settings change any text. */
export function changesTexts({ synonyms, swaps, deletions, typos, rewrites }: TextAugmentation): boolean {
  return synonyms + swaps + deletions + typos + rewrites > 0;
}

export interface ChangedOptions {
  readonly settings: TextAugmentation;
  /** Of the rows that batches are drawn from. */
  readonly features: Frame;
  /** Name of the input that is the k-th column of tokens. */
  readonly name: (index: number) => string;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The batches with changed texts in place of their own, cut to the length that the batch has. Tokens without their source stay as
 * they are. Where nothing is to change: the batches as they are.
 * @param batches of rows by number, `rows` int64 in each step
 * @throws QuernError CONFIG_INVALID, DATA_NOT_FOUND for the files of the settings
 */
export function changedBatches(
  batches: Batches,
  { settings, features, name, random, logger }: ChangedOptions,
): Batches {
  if (!changesTexts(settings)) return batches;
  const knowledge = readKnowledge(settings);
  const texts = [...features.columns.values()]
    .filter((column): column is TokensColumn => column.kind === "tokens")
    .flatMap((column, k) => (column.source ? [{ ...column, source: column.source, input: name(k) }] : []));
  warnOfForeignFile(settings, knowledge, texts, logger);
  const [batch] = batches.perStep.rows!.shape;
  const portOf = (input: string) => `changed:${input}`;
  const ports = texts.map(({ input, length }) => {
    return [portOf(input), { type: "int32" as const, shape: [batch!, length] }] as const;
  });
  return {
    ...batches,
    perStep: { ...batches.perStep, ...Object.fromEntries(ports) },
    inputs(x, tensor, form) {
      const given = batches.inputs(x, tensor, form);
      const changed = texts.map(({ input }) => {
        const length = Number(given[input]!.shape[1]);
        return [input, firstPieces(x, tensor(portOf(input)), length)] as const;
      });
      return { ...given, ...Object.fromEntries(changed) };
    },
    async next(steps) {
      const made = await batches.next(steps);
      const rows = made.rows as BigInt64Array;
      const changed = texts.map(({ input, length, source }) => {
        const values = new Int32Array(rows.length * length);
        for (const [at, row] of rows.entries()) {
          const changed = source.texts[Number(row)]!.map((text) =>
            changeText(text, settings, knowledge, random),
          );
          values.set(source.encode(changed, length), at * length);
        }
        return [portOf(input), values] as const;
      });
      return { ...made, ...Object.fromEntries(changed) };
    },
  };
}

/** A file whose texts are not those of the rows changes nothing: its user would never know. */
function warnOfForeignFile(
  { rewrites, rewriteFile }: TextAugmentation,
  knowledge: TextKnowledge,
  texts: readonly { readonly source: NonNullable<TokensColumn["source"]> }[],
  logger: Logger,
): void {
  if (rewrites === 0) return;
  const isKnown = (text: string) => knowledge.rewrites.has(rewritingKey(text));
  const rows = texts.flatMap(({ source }) => source.texts);
  if (rows.some((parts) => parts.some(isKnown))) return;
  logger.log("warn", `rewriteFile: none of the ${rows.length} texts learnt from is in ${rewriteFile}.`);
}
