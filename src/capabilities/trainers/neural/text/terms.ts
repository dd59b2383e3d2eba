/** What a text says whatever its order: which pieces and neighbouring pairs it has. */
import type { Expressions } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { sizeAt } from "../layers/sizes.js";

/** Terms are numbered: pieces by their ids below `vocabulary`, then pairs by their hash; 0 is none. A plain value. */
export interface TermSpace {
  readonly vocabulary: number;
  /** Pairs share so many terms by their hash; 0: pairs do not count. */
  readonly buckets: number;
}

/** Prime, so that neighbours of either order fall in different buckets. */
const PAIR_FACTOR = 1_000_003;

/** Of neighbouring pieces, int32 [N, L] to int64 [N, L - 1], below `buckets`, also where a text has ended. */
export function pairBuckets(x: Expressions, tokens: GraphValue, buckets: number): GraphValue {
  const length = sizeAt(tokens, 1);
  const ids = cast(x.graph, tokens, "int64");
  const [first] = x.split(ids, [length - 1, 1], 1);
  const [, second] = x.split(ids, [1, length - 1], 1);
  const mixed = x.add(x.mul(first!, PAIR_FACTOR), second!);
  return x.graph.op("Mod", [mixed, x.graph.scalar(buckets, "int64")]);
}

/** The different terms of one text, ascending. */
export function termsOf(ids: Int32Array, { vocabulary, buckets }: TermSpace): number[] {
  const terms = new Set<number>();
  for (let place = 0; place < ids.length && ids[place]! > 0; place++) {
    terms.add(ids[place]!);
    if (buckets === 0 || place === 0) continue;
    terms.add(vocabulary + ((ids[place - 1]! * PAIR_FACTOR + ids[place]!) % buckets));
  }
  return [...terms].sort((a, b) => a - b);
}

/**
 * Sum of the rows of a table that belong to the different terms of each text: int32 [N, L], [terms, W] to [N, W]. Row 0
 * of the table is zeros.
 */
export function sumOverTerms(
  x: Expressions,
  tokens: GraphValue,
  table: GraphValue,
  space: TermSpace,
): GraphValue {
  const terms = allTerms(x, tokens, space);
  const count = sizeAt(terms, 1);
  if (count === 1) return x.sum(x.gather(table, terms), [1]);
  // Sorted, equal terms are neighbours, and the first of them counts.
  const [sorted] = x.graph.node("TopK", [terms, x.integers([count])], { attributes: { axis: { int: 1 } } });
  const [before] = x.split(sorted!, [count - 1, 1], 1);
  const [, after] = x.split(sorted!, [1, count - 1], 1);
  const isNew = cast(x.graph, x.greater(before!, after!), "float32");
  const counts = x.graph.op("Pad", [isNew, x.integers([0, 1, 0, 0]), x.graph.scalar(1, "float32")]);
  const summed = x.matmul(x.unsqueeze(counts, [1]), x.gather(table, sorted!));
  return x.sum(summed, [1]);
}

function allTerms(x: Expressions, tokens: GraphValue, { vocabulary, buckets }: TermSpace): GraphValue {
  const pieces = cast(x.graph, tokens, "int64");
  const length = sizeAt(tokens, 1);
  if (buckets === 0 || length < 2) return pieces;
  const [, second] = x.split(pieces, [1, length - 1], 1);
  const present = cast(x.graph, x.greater(second!, 0), "int64");
  const pairs = x.mul(x.add(pairBuckets(x, tokens, buckets), vocabulary), present);
  return x.concat([pieces, pairs], 1);
}
