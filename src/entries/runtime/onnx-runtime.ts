/** The part of onnxruntime's JavaScript API that is used; onnxruntime-web and onnxruntime-node both have it. */
import { QuernError } from "../../foundation/base/errors.js";
import { refuseTelemetry } from "../../foundation/base/no-telemetry.js";
import type { RunGraph } from "../../foundation/contracts/bundle-predictor.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";

export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}
export interface OnnxSession {
  run(feeds: Record<string, OnnxTensor>, fetches: readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: Record<string, unknown>): Promise<unknown>;
  };
  readonly Tensor: unknown;
}

type TensorConstructor = new (type: string, data: unknown, shape: readonly number[]) => OnnxTensor;

export interface OpenedGraph {
  readonly run: RunGraph;
  close(): Promise<void>;
}

/** @throws QuernError MODEL_REFUSED when the runtime does not accept the model. */
export async function openGraph(
  runtime: OnnxRuntime,
  model: Uint8Array,
  options: Record<string, unknown>,
): Promise<OpenedGraph> {
  refuseTelemetry();
  let session: OnnxSession;
  try {
    session = (await runtime.InferenceSession.create(model, options)) as OnnxSession;
  } catch (cause) {
    throw new QuernError("MODEL_REFUSED", `The runtime does not accept the model: ${String(cause)}`, {
      cause,
    });
  }
  const OnnxTensorClass = runtime.Tensor as TensorConstructor;
  // One run at a time: the browser's runtime does not take the next before the last has answered.
  let last: Promise<unknown> = Promise.resolve();
  const runNow = async (inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]) => {
    const feeds: Record<string, OnnxTensor> = Object.create(null);
    for (const [name, { type, data, shape }] of Object.entries(inputs)) {
      feeds[name] = new OnnxTensorClass(type, data, shape);
    }
    const answers = await session.run(feeds, outputs);
    const results: Record<string, Tensor> = Object.create(null);
    for (const name of outputs) {
      const { type, dims, data } = answers[name]!;
      results[name] = { type, shape: dims, data } as Tensor;
    }
    return results;
  };
  return {
    run: (inputs, outputs) => {
      const answer = last.then(() => runNow(inputs, outputs));
      last = answer.catch(() => undefined);
      return answer;
    },
    close: () => session.release(),
  };
}
