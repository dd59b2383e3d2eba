/** The only door to the native runtime. */
import type { InferenceSession, Tensor as NativeTensor } from "onnxruntime-node";
import { QuernError } from "../../foundation/base/errors.js";
import { refuseTelemetry } from "../../foundation/base/no-telemetry.js";
import type { ElementType } from "../../foundation/contracts/graph.js";
import {
  elementCount,
  type Tensor,
  type TensorArrays,
  type TensorPort,
} from "../../foundation/contracts/tensor.js";
import { type AdmittedModel, admitModel, portOf } from "./model-check/admit-model.js";
import type { ModelPolicy } from "./model-check/policy.js";
import { type ModelProto, type ValueInfoProto, writeModel } from "./protobuf/messages.js";

export interface Session {
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
  /** Rows that may be given at once without using much memory. */
  readonly comfortableRows: number;
  /**
   * Runs the graph; blocks the calling thread while it computes. Asks for all outputs, or those named.
   * @throws QuernError MODEL_REFUSED when the runtime fails on the inputs.
   */
  run(inputs: Readonly<Record<string, Tensor>>, outputs?: readonly string[]): Promise<Record<string, Tensor>>;
  /**
   * Runs the graph and writes the named outputs into the memory of the given tensors, which may be memory of
   * inputs where every reader of the input comes before the output. Needs no memory for them of its own.
   * @throws QuernError MODEL_REFUSED
   */
  runInto(inputs: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>): Promise<void>;
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Threads inside one operator; 1 is best for small models. */
  readonly threads: number;
  readonly policy?: ModelPolicy;
  /**
   * What becomes of memory between operators: `keep` (default) plans it once and holds it, best for small models; `pool`
   * holds it for whoever asks next; `release` gives it back at once, so that a training step with large outputs needs a
   * third less, but the system hands out its pages anew in every run.
   */
  readonly memory?: "keep" | "pool" | "release";
  /** Where operators run that it has kernels for; default the CPU. Offer others only after a probe. */
  readonly device?: "cpu" | "webgpu" | "cuda";
}

/**
 * Checks the model (model-check), then hands the checked form, not the given bytes, to the runtime.
 * @throws QuernError MODEL_REFUSED
 */
export async function openSession(bytes: Uint8Array, options: SessionOptions): Promise<Session> {
  const admitted = admitModel(bytes, options.policy);
  return start(admitted, options);
}

const withShape = (info: ValueInfoProto): ValueInfoProto =>
  info.type?.tensorType?.shape
    ? info
    : { ...info, type: { tensorType: { ...info.type?.tensorType, shape: {} } } };

/**
 * Runs a model that this process has just built, such as a training step: not for what came from a file, as
 * nothing is checked. Subgraphs are allowed.
 * @throws QuernError MODEL_REFUSED when the runtime does not take it: a bug of the caller.
 */
export async function openBuiltModel(model: ModelProto, options: SessionOptions): Promise<Session> {
  const { input = [], output = [] } = model.graph ?? {};
  return start(
    {
      bytes: writeModel(model),
      inputs: input.map(portOf),
      // Their shapes may be left out; they matter only where there are no rows.
      outputs: output.map((info) => portOf(withShape(info))),
      comfortableRows: Number.POSITIVE_INFINITY,
    },
    options,
  );
}

async function start(
  model: AdmittedModel,
  { threads, memory = "keep", device = "cpu" }: SessionOptions,
): Promise<Session> {
  refuseTelemetry();
  const runtime = await import("onnxruntime-node");
  let native: InferenceSession;
  try {
    native = await runtime.InferenceSession.create(model.bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
      enableCpuMemArena: memory !== "release",
      enableMemPattern: memory === "keep",
      logSeverityLevel: 4,
    });
  } catch (cause) {
    throw refused("The runtime does not accept the model", cause);
  }
  return new NativeSession(native, runtime.Tensor, model);
}

type TensorConstructor = new (
  type: NativeTensor.Type,
  data: NativeTensor.DataType,
  shape: readonly number[],
) => NativeTensor;

class NativeSession implements Session {
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
  readonly comfortableRows: number;
  readonly #native: InferenceSession;
  readonly #Tensor: TensorConstructor;

  constructor(
    native: InferenceSession,
    tensorConstructor: TensorConstructor,
    { inputs, outputs, comfortableRows }: AdmittedModel,
  ) {
    this.#native = native;
    this.#Tensor = tensorConstructor;
    this.inputs = inputs;
    this.outputs = outputs;
    this.comfortableRows = comfortableRows;
  }

  async run(
    inputs: Readonly<Record<string, Tensor>>,
    outputs: readonly string[] = this.outputs.map((port) => port.name),
  ): Promise<Record<string, Tensor>> {
    const feeds = this.#feeds(inputs);
    if (!feeds) return this.#empty(outputs);
    const native = await this.#compute(feeds, Object.fromEntries(outputs.map((name) => [name, null])));
    const result: Record<string, Tensor> = Object.create(null);
    for (const name of outputs) {
      const tensor = native[name]!;
      result[name] = { type: tensor.type, shape: tensor.dims, data: tensor.data } as Tensor;
    }
    return result;
  }

  async runInto(
    inputs: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): Promise<void> {
    const feeds = this.#feeds(inputs);
    if (!feeds) return;
    const fetches = Object.entries(outputs).map(([name, tensor]) => [name, this.#toNative(tensor)]);
    const copies = await this.#compute(feeds, Object.fromEntries(fetches));
    freeNow(Object.values(copies).map(({ data }) => data as ArrayBufferView));
  }

  /** `undefined` when an input has no elements. */
  #feeds(inputs: Readonly<Record<string, Tensor>>): Record<string, NativeTensor> | undefined {
    const feeds: Record<string, NativeTensor> = Object.create(null);
    for (const { name } of this.inputs) {
      const tensor = inputs[name];
      if (!tensor) throw new Error(`The input ${JSON.stringify(name)} is missing.`);
      if (elementCount(tensor.shape) === 0) return undefined;
      feeds[name] = this.#toNative(tensor);
    }
    return feeds;
  }

  #toNative({ type, shape, data }: Tensor): NativeTensor {
    return new this.#Tensor(type, data as NativeTensor.DataType, shape);
  }

  async #compute(
    feeds: Record<string, NativeTensor>,
    fetches: Record<string, NativeTensor | null>,
  ): Promise<Awaited<ReturnType<InferenceSession["run"]>>> {
    try {
      return await this.#native.run(feeds, fetches);
    } catch (cause) {
      throw refused("The model failed on its inputs", cause);
    }
  }

  close(): Promise<void> {
    return this.#native.release();
  }

  /** Several kernels fail on zero rows; the answer is known without them. */
  #empty(outputs: readonly string[]): Record<string, Tensor> {
    const result: Record<string, Tensor> = Object.create(null);
    for (const { name, type, shape } of this.outputs) {
      if (!outputs.includes(name)) continue;
      const sizes = shape.map((size) => (typeof size === "number" ? size : 0));
      result[name] = { type, shape: sizes, data: emptyArray(type, elementCount(sizes)) } as Tensor;
    }
    return result;
  }
}

/** A closed port takes memory over and drops it. */
const { port1: sink } = new MessageChannel();
sink.close();

/**
 * The runtime's binding copies outputs even where memory was given for them. Collected later, the copies of a
 * training step's gradients would lie beside the next step's; this lets go of them at once.
 */
function freeNow(copies: readonly ArrayBufferView[]): void {
  sink.postMessage(undefined, [...new Set(copies.map(({ buffer }) => buffer as ArrayBuffer))]);
}

function emptyArray(type: ElementType, length: number): TensorArrays[ElementType] {
  switch (type) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "int32":
      return new Int32Array(length);
    case "string":
      return new Array<string>(length).fill("");
    default:
      return new Uint8Array(length);
  }
}

function refused(what: string, cause: unknown): QuernError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new QuernError("MODEL_REFUSED", `${what}: ${reason}`, { cause });
}
