/** Recurrent layers, attention and what belongs to it. */
import type { Dimension } from "../../../foundation/contracts/graph.js";
import { likeInput } from "./elementwise.js";
import {
  fail,
  inputOf,
  integer,
  type OperatorCall,
  type OperatorTable,
  type TensorType,
} from "./operator.js";

/** Y [T, directions, N, hidden], Y_h and (LSTM) Y_c [directions, N, hidden]; gates share one matrix. */
function recurrent(gates: number) {
  return (call: OperatorCall): TensorType[] => {
    if (integer(call, "layout", 0) !== 0) fail(call, "the batch must be the second axis (layout 0)");
    const { type, shape } = inputOf(call, 0);
    const [time, batch, width] = shape;
    const [directions, rows, hidden] = inputOf(call, 2).shape;
    const [, inputRows, inputWidth] = inputOf(call, 1).shape;
    if (shape.length !== 3) fail(call, "the input must be [time, batch, features]");
    if (typeof hidden !== "number" || rows !== gates * hidden || inputRows !== rows) {
      fail(call, "the matrices do not fit each other");
    }
    if (typeof width === "number" && width !== inputWidth) fail(call, "the matrix does not fit the input");
    if (integer(call, "hidden_size", Number(hidden)) !== hidden) fail(call, "hidden_size differs");
    const last = { type, shape: [directions!, batch!, hidden!] };
    const results = [{ type, shape: [time!, directions!, batch!, hidden!] }, last];
    return call.type === "LSTM" ? [...results, last] : results;
  };
}

/** Heads are an axis of their own, or side by side in the last one. */
const attention = (call: OperatorCall): TensorType[] => {
  const [query, key, value] = [inputOf(call, 0), inputOf(call, 1), inputOf(call, 2)];
  if (call.inputs[4] || call.inputs[5]) fail(call, "a past has no rule");
  const present = ({ type, shape }: typeof key, heads: number): TensorType => {
    if (shape.length === 4) return { type, shape };
    const [batch, length, width] = shape;
    return { type, shape: [batch!, heads, length!, perHead(call, width!, heads)] };
  };
  const keyHeads = integer(call, "kv_num_heads", 1);
  const presents = [present(key, keyHeads), present(value, keyHeads)];
  if (query.shape.length === 4) {
    return [{ type: query.type, shape: [...query.shape.slice(0, 3), value.shape.at(-1)!] }, ...presents];
  }
  const heads = integer(call, "q_num_heads", 1);
  const width = perHead(call, value.shape.at(-1)!, keyHeads) * heads;
  return [{ type: query.type, shape: [...query.shape.slice(0, 2), width] }, ...presents];
};

function perHead(call: OperatorCall, width: Dimension, heads: number): number {
  if (typeof width !== "number" || width % heads !== 0)
    return fail(call, `${width} is no multiple of ${heads} heads`);
  return width / heads;
}

/** `since`: the operator set that brought them. */
const NEW = 23;

export const SEQUENCES = {
  LSTM: { domain: "", requiredOutputs: 1, infer: recurrent(4) },
  GRU: { domain: "", requiredOutputs: 1, infer: recurrent(3) },
  RNN: { domain: "", requiredOutputs: 1, infer: recurrent(1) },
  ReverseSequence: { domain: "", infer: likeInput },
  Attention: { domain: "", since: NEW, requiredOutputs: 1, infer: attention },
  RotaryEmbedding: { domain: "", since: NEW, infer: likeInput },
  RMSNormalization: { domain: "", since: NEW, infer: likeInput },
} satisfies OperatorTable;
