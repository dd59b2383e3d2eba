/** Convolutions over [N, C, length] or [N, C, height, width]. */
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { type Initializer, uniformFor } from "../initializers.js";
import type { Scope } from "../scope.js";
import { lastSize, sizeAt } from "./sizes.js";

export interface ConvolutionOptions {
  /** One size for each spatial dimension. */
  readonly kernel: readonly number[];
  readonly stride?: number;
  readonly dilation?: number;
  /** Zeros on each side; default: as many as keep the size at stride 1, for odd kernels. */
  readonly padding?: number;
  /** Groups of channels that do not see one another; the number of channels: depthwise. */
  readonly groups?: number;
  /** Default true; a batch norm behind makes it useless. */
  readonly hasBias?: boolean;
  /** Default: within 1 / sqrt(inputs of an output), as PyTorch. */
  readonly initial?: Initializer;
}

/**
 * [N, in, ...] to [N, out, ...] (LeCun et al., 1989). Parameters as PyTorch: `weight` [out, in / groups, ...kernel],
 * `bias` [out].
 */
export function convolution(
  scope: Scope,
  value: GraphValue,
  outputs: number,
  { kernel, stride = 1, dilation = 1, padding, groups = 1, hasBias = true, initial }: ConvolutionOptions,
): GraphValue {
  const channels = sizeAt(value, 1) / groups;
  const inputs = kernel.reduce((product, size) => product * size, channels);
  const weight = scope.parameter("weight", [outputs, channels, ...kernel], initial ?? uniformFor(inputs));
  const bias = hasBias ? [scope.parameter("bias", [outputs], uniformFor(inputs), { decayFactor: 0 })] : [];
  const pads = kernel.map((size) => padding ?? (dilation * (size - 1)) / 2);
  return scope.x.graph.op("Conv", [value, weight, ...bias], {
    attributes: {
      kernel_shape: { ints: kernel },
      strides: { ints: kernel.map(() => stride) },
      dilations: { ints: kernel.map(() => dilation) },
      pads: { ints: [...pads, ...pads] },
      group: { int: groups },
    },
  });
}

/** A filter for each channel: [N, C, ...] to the same channels. Parameters: `weight` [C, 1, ...kernel], `bias` [C]. */
export function depthwiseConvolution(
  scope: Scope,
  value: GraphValue,
  options: Omit<ConvolutionOptions, "groups">,
): GraphValue {
  const channels = sizeAt(value, 1);
  return convolution(scope, value, channels, { ...options, groups: channels });
}

/**
 * A filter for each channel, then a mix of channels at each place (Chollet, 2017): [N, in, ...] to [N, out, ...].
 * Parts: `depthwise`, `pointwise`.
 */
export function separableConvolution(
  scope: Scope,
  value: GraphValue,
  outputs: number,
  options: Omit<ConvolutionOptions, "groups">,
): GraphValue {
  const filtered = depthwiseConvolution(scope.at("depthwise"), value, { ...options, hasBias: false });
  const { hasBias = true } = options;
  const kernel = options.kernel.map(() => 1);
  return convolution(scope.at("pointwise"), filtered, outputs, { kernel, hasBias });
}

/** By channel, of values in 0..1. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Pictures as columns hold them, uint8 [N, H, W, C], as convolutions take them: float32 [N, C, H, W], in 0..1 and then
 * standardised.
 */
export function pictureChannels(
  scope: Scope,
  pictures: GraphValue,
  statistics?: PixelStatistics,
): GraphValue {
  const { x } = scope;
  const channels = lastSize(pictures);
  const planes = cast(x.graph, x.transpose(pictures, [0, 3, 1, 2]), "float32");
  const perChannel = (values: readonly number[]) => x.graph.constant("float32", [channels, 1, 1], values);
  const { mean, deviation } = statistics ?? {
    mean: new Array<number>(channels).fill(0),
    deviation: new Array<number>(channels).fill(1),
  };
  const centred = x.sub(planes, perChannel(mean.map((value) => 255 * value)));
  return x.mul(centred, perChannel(deviation.map((value) => 1 / (255 * value))));
}
