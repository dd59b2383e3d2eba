import { createRequire } from "node:module";
import { QuernError } from "../../foundation/base/errors.js";
import { refuseTelemetry } from "../../foundation/base/no-telemetry.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import { type ModelProto, writeModel } from "./protobuf/messages.js";

/** Runs a graph while the caller waits. Its memory is the runtime's, given back when nobody holds the session. */
export interface ImmediateSession {
  /** All outputs. @throws QuernError MODEL_REFUSED when the runtime fails on the inputs. */
  run(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor>;
}

/** What the runtime's package is made of: its public interface runs the same calls one turn of the event loop later. */
type Binding = typeof import("onnxruntime-node/dist/binding.js");
type Runtime = typeof import("onnxruntime-node");
const require = createRequire(import.meta.url);

/**
 * Opens a model that this process has just built, on one thread, for what has to answer at once: predictions of
 * networks. Not for what came from a file, as nothing is checked.
 * @throws QuernError MODEL_REFUSED when the runtime does not take it: a bug of the caller.
 */
export function openImmediately(model: ModelProto): ImmediateSession {
  refuseTelemetry();
  const { binding, initOrt } = require("onnxruntime-node/dist/binding.js") as Binding;
  const { Tensor: NativeTensor } = require("onnxruntime-node") as Runtime;
  initOrt();
  const bytes = writeModel(model);
  const session = new binding.InferenceSession();
  guarded("The runtime does not accept the model", () =>
    session.loadModel(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 4,
    }),
  );
  const fetches = Object.fromEntries((model.graph?.output ?? []).map(({ name }) => [name ?? "", null]));
  return {
    run(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { type, shape, data }]) => [
          name,
          new NativeTensor(type, data as Float32Array, shape),
        ]),
      );
      const made = guarded("The model failed on its inputs", () => session.run(feeds, fetches, {}));
      return Object.fromEntries(
        Object.entries(made).map(([name, value]) => {
          const { type, dims: shape, data } = value as InstanceType<typeof NativeTensor>;
          return [name, { type, shape, data } as Tensor];
        }),
      );
    },
  };
}

function guarded<Result>(what: string, act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new QuernError("MODEL_REFUSED", `${what}: ${reason}`, { cause });
  }
}
