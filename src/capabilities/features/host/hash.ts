import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { type Column, createFrame } from "../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { murmur3 } from "./murmur3.js";

const config = z.strictObject({
  buckets: z
    .number()
    .int()
    .min(2)
    .max(65_536)
    .default(256)
    .register(fields, {
      title: "Buckets",
      help: "Width of the result.",
      tune: { low: 64, high: 4096, scale: "log", integer: true },
    }),
  signed: z.boolean().default(true).register(fields, {
    title: "Signed",
    help: "Half of the tokens count -1, so that collisions cancel out.",
  }),
});
type HashState = z.infer<typeof config>;

/**
 * Counts of tokens by hash bucket: the hashing trick (Weinberger et al., 2009), as scikit-learn's
 * FeatureHasher. Tokens of a text are split at spaces; a category is one token. Needs no vocabulary, and runs
 * before the graph, since no standard operator hashes strings.
 */
export const hash = defineTransform<typeof config, HashState>({
  id: "hash",
  version: 1,
  summary: "Counts tokens or categories in a fixed number of hash buckets.",
  config,
  accepts: ["text", "category"],
  fit: (_frame, settings) => settings,
  apply(frame, { buckets, signed }) {
    const encoder = new TextEncoder();
    const known = new Map<string, number>();
    /** Bucket, negative (minus one) where the token counts -1. */
    const placeOf = (token: string): number => {
      let place = known.get(token);
      if (place === undefined) {
        const hashed = murmur3(encoder.encode(token));
        const bucket = Math.abs(hashed) % buckets;
        place = signed && hashed < 0 ? -bucket - 1 : bucket;
        known.set(token, place);
      }
      return place;
    };
    const columns = [...frame.columns].map(([name, column]) => {
      const values = new Float32Array(frame.rows * buckets);
      for (let row = 0; row < frame.rows; row++) {
        for (const token of tokensOf(column, row)) {
          const place = placeOf(token);
          if (place < 0) values[row * buckets - place - 1]! -= 1;
          else values[row * buckets + place]! += 1;
        }
      }
      return [name, { kind: "vector", values, width: buckets }] as const;
    });
    return createFrame(columns, frame.rows);
  },
});

function tokensOf(column: Column, row: number): string[] {
  if (column.kind === "category") {
    const code = column.codes[row]!;
    return code < 0 ? [] : [column.dictionary[code]!];
  }
  if (column.kind !== "text") throw new Error(`A ${column.kind} column cannot be hashed.`);
  return column.values[row]!.split(" ").filter((token) => token !== "");
}
