/** The fused attention ops of ai.onnx 23 and of onnxruntime's own domain. */
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { attend, causalMask, pastLength, withPast } from "./attention-core.js";
import { cachedAngles, positionsAfter, rotate } from "./rotary.js";
import {
  floatOf,
  type ImportCall,
  type ImportResult,
  type ImportRule,
  integerOf,
  integersOf,
  staticSize,
  taking,
  unsupportedForm,
} from "./rule.js";
import { joinHeads, placesAlong, sizeOf, splitHeads } from "./shapes.js";

const positive = (value: number): number | undefined => (value > 0 ? value : undefined);

/**
 * ai.onnx 23 and 24. Inputs: Q, K, V as [B, heads, S, D] or [B, S, heads * D], mask?, past key?, past value?,
 * lengths without padding?. Outputs: result, present key, present value, scores.
 */
const standardAttention: ImportRule = (call) => {
  const { x } = call;
  const isFlat = call.input(0).shape.length === 3;
  const heads = integerOf(call, "q_num_heads", 0);
  const groups = integerOf(call, "kv_num_heads", heads);
  const query = isFlat ? splitHeads(x, call.input(0), heads) : call.input(0);
  const newKey = isFlat ? splitHeads(x, call.input(1), groups) : call.input(1);
  const newValue = isFlat ? splitHeads(x, call.input(2), groups) : call.input(2);
  const key = withPast(x, call.optional(4), newKey);
  const value = withPast(x, call.optional(5), newValue);
  const allowed: GraphValue[] = [];
  const lengths = call.optional(6);
  if (lengths) allowed.push(beforeEnd(call, key, lengths));
  const mask = call.has(3) ? paddedMask(call, call.input(3), key) : undefined;
  if (mask?.type === "bool") allowed.push(mask);
  if (integerOf(call, "is_causal", 0) === 1) {
    const past = lengths
      ? paddedPast(call, query, lengths)
      : call.has(4)
        ? sizeOf(x, call.input(4), 2)
        : undefined;
    allowed.push(causalMask(x, query, key, past));
  }
  const { output, stages } = attend(x, {
    query,
    key,
    value,
    scale: positive(floatOf(call, "scale", 0)),
    bias: mask && mask.type !== "bool" ? cast(call.graph, mask, query.type) : undefined,
    allowed,
    softcap: floatOf(call, "softcap", 0),
  });
  const scores = stages[integerOf(call, "qk_matmul_output_mode", 0)];
  return [isFlat ? joinHeads(x, output) : output, key, value, scores];
};

/** A mask may be shorter than the keys; those behind its end are not attended to. */
function paddedMask({ graph, x }: ImportCall, mask: GraphValue, key: GraphValue): GraphValue {
  const [own, wanted] = [mask.shape.at(-1), key.shape[2]];
  if (typeof own !== "number" || typeof wanted !== "number" || own >= wanted || own === 1) return mask;
  const before = mask.shape.map(() => 0);
  const behind = [...before.slice(1), wanted - own];
  const filling = mask.type === "bool" ? 0 : Number.NEGATIVE_INFINITY;
  return graph.op("Pad", [mask, x.integers([...before, ...behind]), graph.scalar(filling, mask.type)]);
}

/** Bool [B, 1, 1, T]: keys before the end of their sequence. */
function beforeEnd({ x, graph }: ImportCall, key: GraphValue, lengths: GraphValue): GraphValue {
  const places = placesAlong(x, key, 2);
  const ends = x.unsqueeze(cast(graph, lengths, "int64"), [1, 2, 3]);
  return graph.op("Less", [places, ends]);
}

/** Int64 [B, 1, 1, 1]: keys before the first query of each sequence. */
function paddedPast({ x, graph }: ImportCall, query: GraphValue, lengths: GraphValue): GraphValue {
  return x.sub(x.unsqueeze(cast(graph, lengths, "int64"), [1, 2, 3]), sizeOf(x, query, 2));
}

/** The value added to the scores where a mask says 0, as onnxruntime's own ops do it; [B, 1, 1 or S, T]. */
function maskBias(call: ImportCall, mask: GraphValue, key: GraphValue): GraphValue {
  const { x, graph } = call;
  const filter = floatOf(call, "mask_filter_value", -10000);
  const rank = mask.shape.length;
  if (rank === 1)
    return x.where(beforeEnd(call, key, lengthsOf(call, mask, key)), 0, graph.scalar(filter, key.type));
  if (rank > 3) return unsupportedForm(call, `has a mask of ${rank} dimensions`);
  const missing = x.sub(1, cast(graph, mask, key.type));
  return x.mul(x.unsqueeze(missing, rank === 2 ? [1, 2] : [1]), filter);
}

/** A mask [B] holds the ends of the sequences; one of [2B] their beginnings too, [3B + 2] offsets. */
function lengthsOf(call: ImportCall, mask: GraphValue, key: GraphValue): GraphValue {
  const [batch, given] = [key.shape[0], mask.shape[0]];
  if (batch === given || typeof batch !== "number" || typeof given !== "number") return mask;
  return unsupportedForm(call, "has a mask of beginnings and ends");
}

/**
 * com.microsoft.Attention. Inputs: input [B, S, W], weights [W, 3H], bias [3H], mask?, past? [2, B, heads, P, D],
 * bias of the scores?. Outputs: result [B, S, H], present [2, B, heads, T, D].
 */
const packedAttention: ImportRule = (call) => {
  const { x } = call;
  if (integerOf(call, "do_rotary", 0) === 1) unsupportedForm(call, "rotates positions");
  if (call.has(6)) unsupportedForm(call, "shares the buffer of past and present");
  const heads = integerOf(call, "num_heads", 0);
  const joined = x.matmul(call.input(0), call.input(1));
  const projected = call.has(2) ? x.add(joined, call.input(2)) : joined;
  const width = staticSize(call, projected.shape[2], "the width of its weights");
  const sizes = integersOf(call, "qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3];
  const [query, newKey, newValue] = x.split(projected, sizes, 2).map((part) => splitHeads(x, part, heads));
  const past = call.optional(4);
  const [pastKey, pastValue] = past
    ? x.split(past, [1, 1], 0).map((part) => x.graph.op("Squeeze", [part, x.integers([0])]))
    : [];
  const key = withPast(x, pastKey, newKey!);
  const value = withPast(x, pastValue, newValue!);
  const result = fusedAttention(call, { query: query!, key, value, mask: 3, bias: 5 });
  const present =
    call.outputCount > 1 ? x.concat([x.unsqueeze(key, [0]), x.unsqueeze(value, [0])], 0) : undefined;
  return [result, present];
};

interface FusedInputs {
  readonly query: GraphValue;
  readonly key: GraphValue;
  readonly value: GraphValue;
  /** Inputs of the op. */
  readonly mask: number;
  readonly bias: number;
}

/** Attention with the mask, the bias and the options that onnxruntime's ops share; [B, S, heads * E]. */
function fusedAttention(call: ImportCall, { query, key, value, mask, bias }: FusedInputs): GraphValue {
  const { x } = call;
  const biases = [call.has(mask) ? maskBias(call, call.input(mask), key) : undefined, call.optional(bias)];
  const [first, second] = biases.filter((found) => found !== undefined);
  const isCausal = integerOf(call, "unidirectional", 0) === 1;
  const { output } = attend(x, {
    query,
    key,
    value,
    scale: positive(floatOf(call, "scale", 0)),
    bias: first && second ? x.add(first, second) : first,
    allowed: isCausal ? [causalMask(x, query, key, pastLength(x, query, key))] : [],
  });
  return joinHeads(x, output);
}

/**
 * com.microsoft.MultiHeadAttention. Inputs: query, key?, value?, bias?, mask?, bias of the scores?, past key?,
 * past value?. Packed forms have no kernel on a CPU to check against.
 */
const multiHeadAttention: ImportRule = (call) => {
  const { x } = call;
  if (call.has(8) || call.has(9)) unsupportedForm(call, "shares the buffer of past and present");
  const heads = integerOf(call, "num_heads", 0);
  const [query, key, value] = projections(call, heads);
  const allKeys = withPast(x, call.optional(6), key);
  const allValues = withPast(x, call.optional(7), value);
  const result = fusedAttention(call, { query, key: allKeys, value: allValues, mask: 4, bias: 5 });
  return [result, allKeys, allValues];
};

/** Query, key and value [B, heads, S, D], with the parts of the joint bias added. */
function projections(call: ImportCall, heads: number): [GraphValue, GraphValue, GraphValue] {
  const { x } = call;
  const [query, key, value] = [call.input(0), call.optional(1), call.optional(2)];
  if (query.shape.length === 5 || key?.shape.length === 5)
    unsupportedForm(call, "packs keys beside queries or values");
  const widths = [query, key, value].map((part) => (part?.shape.length === 3 ? part.shape[2] : undefined));
  const bias = call.optional(3);
  const biases = bias && x.split(bias, biasWidths(call, widths, bias), 0);
  const headsOf = (part: GraphValue, index: number) =>
    part.shape.length === 4 ? part : splitHeads(x, biases ? x.add(part, biases[index]!) : part, heads);
  if (!key) return unsupportedForm(call, "has no key");
  if (!value) return unsupportedForm(call, "has no value");
  return [headsOf(query, 0), headsOf(key, 1), headsOf(value, 2)];
}

function biasWidths(call: ImportCall, widths: readonly unknown[], bias: GraphValue): number[] {
  const total = staticSize(call, bias.shape[0], "the length of its bias");
  const query = staticSize(call, widths[0] as number, "the width of its query");
  return [query, query, total - 2 * query];
}

/**
 * com.microsoft.GroupQueryAttention: causal attention with a cache. Inputs: query (or all three side by side), key?,
 * value?, past key?, past value?, last place of each sequence, longest sequence, cosines?, sines?, position ids?,
 * bias of the scores?. All sequences of a batch have as much past as the cache is long.
 */
const groupQueryAttention: ImportRule = (call) => {
  const { x } = call;
  if (integerOf(call, "smooth_softmax", 0) === 1 || call.has(11))
    unsupportedForm(call, "has an attention sink");
  const [query, newKey, newValue] = groupedProjections(call);
  const past = call.optional(3);
  const before = past && past.shape[2] !== 0 ? sizeOf(x, past, 2) : undefined;
  let [turnedQuery, turnedKey] = [query, newKey];
  if (integerOf(call, "do_rotary", 0) === 1) {
    const positions = call.optional(9) ?? positionsAfter(x, before, query);
    const [cosine, sine] = [7, 8].map((index) => cachedAngles(x, call.input(index), positions, undefined));
    const interleaved = integerOf(call, "rotary_interleaved", 0) === 1;
    turnedQuery = rotate(x, query, cosine!, sine!, interleaved);
    turnedKey = rotate(x, newKey, cosine!, sine!, interleaved);
  }
  const key = withPast(x, past, turnedKey);
  const value = withPast(x, call.optional(4), newValue);
  const window = positive(integerOf(call, "local_window_size", -1));
  const { output } = attend(x, {
    query: turnedQuery,
    key,
    value,
    scale: positive(floatOf(call, "scale", 0)),
    bias: call.optional(10),
    allowed: [causalMask(x, turnedQuery, key, before, window)],
    softcap: floatOf(call, "softcap", 0),
  });
  const result: ImportResult[] = [joinHeads(x, output), key, value];
  return result;
};

function groupedProjections(call: ImportCall): [GraphValue, GraphValue, GraphValue] {
  const { x } = call;
  const heads = integerOf(call, "num_heads", 0);
  const groups = integerOf(call, "kv_num_heads", heads);
  const query = call.input(0);
  if (call.has(1)) {
    return [
      splitHeads(x, query, heads),
      splitHeads(x, call.input(1), groups),
      splitHeads(x, call.input(2), groups),
    ];
  }
  const width = staticSize(call, query.shape[2], "the width of its query") / (heads + 2 * groups);
  const parts = x.split(query, [heads * width, groups * width, groups * width], 2);
  return [
    splitHeads(x, parts[0]!, heads),
    splitHeads(x, parts[1]!, groups),
    splitHeads(x, parts[2]!, groups),
  ];
}

export const STANDARD_ATTENTION: Readonly<Record<string, ImportRule>> = {
  Attention: taking(
    "is_causal kv_num_heads q_num_heads qk_matmul_output_mode scale softcap softmax_precision",
    standardAttention,
  ),
};

export const CONTRIB_ATTENTION: Readonly<Record<string, ImportRule>> = {
  Attention: taking(
    "num_heads unidirectional scale mask_filter_value qkv_hidden_sizes do_rotary rotary_embedding_dim past_present_share_buffer",
    packedAttention,
  ),
  MultiHeadAttention: taking("num_heads unidirectional scale mask_filter_value", multiHeadAttention),
  GroupQueryAttention: taking(
    "num_heads kv_num_heads scale softcap local_window_size do_rotary rotary_interleaved smooth_softmax qk_output",
    groupQueryAttention,
  ),
};
