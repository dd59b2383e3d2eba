/** Which processors can train: a device is offered only after a training step on it agreed with the CPU's. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { openBuiltModel } from "../../onnx/index.js";
import { crossEntropy } from "../losses/index.js";
import { adamW } from "../optimizers/index.js";
import type { Device, TrainingDefinition } from "../training.js";
import { buildStep, parameterInput } from "./step.js";

export type DeviceProbe =
  | { readonly device: Device; readonly available: true; readonly worstDifference: number }
  | { readonly device: Device; readonly available: false; readonly reason: string };

/** Relative to the largest gradient: float32 sums in another order differ less. */
const TOLERANCE = 1e-3;
const [BATCH, CLASSES] = [4, 3];

/** Loss and gradients of a small network with convolution, normalisation, attention-like products and softmax. */
export async function probeDevice(device: Device): Promise<DeviceProbe> {
  const expected = await runProbe("cpu");
  let actual: Float32Array[];
  try {
    actual = device === "cpu" ? expected : await runProbe(device);
  } catch (cause) {
    if (!QuernError.is(cause)) throw cause;
    return { device, available: false, reason: reasonOf(cause) };
  }
  const worstDifference = Math.max(...expected.map((values, k) => difference(values, actual[k]!)));
  if (worstDifference <= TOLERANCE) return { device, available: true, worstDifference };
  return {
    device,
    available: false,
    reason: `its gradients differ from the processor's by ${Number((100 * worstDifference).toPrecision(2))}%`,
  };
}

/** @throws QuernError UNSUPPORTED with the reason */
export async function requireDevice(device: Device): Promise<void> {
  const probe = await probeDevice(device);
  if (probe.available) return;
  throw new QuernError("UNSUPPORTED", `The device ${device} cannot train here: ${probe.reason}.`, {
    hint: "Train with `cpu`.",
    details: { device },
  });
}

/** The runtime's own words, without its source positions. */
function reasonOf({ message }: QuernError): string {
  const own = message.replace(/^[^:]*: /, "");
  const last = own.split(/was false\. |with error: /).at(-1)!;
  return last.replace(/\s+/g, " ").replace(/\.$/, "").trim();
}

function difference(expected: Float32Array, actual: Float32Array): number {
  let [worst, largest] = [0, 1e-6];
  for (const [k, value] of expected.entries()) {
    largest = Math.max(largest, Math.abs(value));
    const own = Math.abs(value - actual[k]!);
    worst = Math.max(worst, Number.isNaN(own) ? Number.POSITIVE_INFINITY : own);
  }
  return worst / largest;
}

async function runProbe(device: Device): Promise<Float32Array[]> {
  const definition = probeDefinition();
  const step = buildStep(definition);
  step.graph.output("loss", step.loss);
  for (const [name, gradient] of step.gradients) step.graph.output(`gradient:${name}`, gradient);
  const session = await openBuiltModel(step.graph.toModel(), { threads: 1, device });
  try {
    const feeds: Record<string, Tensor> = { ...definition.shared };
    for (const { name, shape, values } of definition.parameters) {
      feeds[parameterInput(name)] = { type: "float32", shape, data: values as Float32Array };
    }
    const results = await session.run(feeds);
    return Object.values(results).map(({ data }) => data as Float32Array);
  } finally {
    await session.close();
  }
}

/** Fixed waves instead of random numbers: the probe needs no seed. */
const waves = (count: number, frequency: number): Float32Array =>
  Float32Array.from({ length: count }, (_, k) => 0.5 * Math.sin(frequency * (k + 1)));

function probeDefinition(): TrainingDefinition {
  const parameter = (name: string, shape: readonly number[], frequency: number) => ({
    name,
    shape,
    values: waves(
      shape.reduce((count, size) => count * size, 1),
      frequency,
    ),
  });
  return {
    parameters: [
      parameter("kernel", [6, 2, 3, 3], 1.1),
      parameter("scale", [16], 0.3),
      parameter("shift", [16], 0.7),
      parameter("query", [16, 16], 1.3),
      parameter("head", [16, CLASSES], 1.7),
    ],
    shared: {
      pixels: { type: "float32", shape: [BATCH, 2, 6, 6], data: waves(BATCH * 72, 0.9) },
      labels: { type: "int64", shape: [BATCH], data: BigInt64Array.of(0n, 2n, 1n, 0n) },
    },
    perStep: {},
    loss({ graph, x, parameter: of, input }) {
      const convolved = x.apply("Relu", graph.op("Conv", [input("pixels"), of("kernel")]));
      const tokens = x.reshape(convolved, [BATCH, 6, 16]);
      const normal = graph.op("LayerNormalization", [tokens, of("scale"), of("shift")]);
      const queries = x.apply("Gelu", x.matmul(normal, of("query")));
      const scores = graph.op("Softmax", [x.matmul(queries, x.transposeMatrices(normal))]);
      const pooled = x.mean(x.matmul(scores, normal), [1]);
      return x.mean(crossEntropy(x, x.matmul(pooled, of("head")), input("labels")));
    },
    optimizer: adamW(),
  };
}
