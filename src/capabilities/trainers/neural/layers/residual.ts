/** Blocks of picture networks: [N, C, H, W] to [N, out, H / stride, W / stride]. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { kaimingNormal } from "../initializers.js";
import type { Scope } from "../scope.js";
import { type Activation, activate } from "./activations.js";
import { type ConvolutionOptions, convolution } from "./convolution.js";
import { batchNorm } from "./normalization.js";
import { sizeAt } from "./sizes.js";

export interface NormedConvolutionOptions extends Pick<ConvolutionOptions, "stride" | "groups"> {
  /** Square. */
  readonly size: number;
  /** Absent: none. */
  readonly activation?: Activation;
}

/** Convolution, batch norm, activation. Parts: `convolution`, `norm`. */
export function normedConvolution(
  scope: Scope,
  value: GraphValue,
  outputs: number,
  { size, activation, stride = 1, groups = 1 }: NormedConvolutionOptions,
): GraphValue {
  const filtered = convolution(scope.at("convolution"), value, outputs, {
    kernel: [size, size],
    stride,
    groups,
    hasBias: false,
    initial: kaimingNormal((size * size * outputs) / groups),
  });
  const normed = batchNorm(scope.at("norm"), filtered);
  return activation ? activate(scope.x, normed, activation) : normed;
}

export interface ResidualOptions {
  readonly outputs: number;
  readonly stride?: number;
}

/** Two 3 x 3 convolutions beside a shortcut (He et al., 2016: ResNet-18 and -34). Parts: `first`, `second`, `shortcut`. */
export function residualBlock(
  scope: Scope,
  value: GraphValue,
  { outputs, stride = 1 }: ResidualOptions,
): GraphValue {
  const first = normedConvolution(scope.at("first"), value, outputs, { size: 3, stride, activation: "relu" });
  const second = normedConvolution(scope.at("second"), first, outputs, { size: 3 });
  return activate(scope.x, scope.x.add(second, shortcut(scope, value, { outputs, stride })), "relu");
}

/**
 * 1 x 1 to a quarter of the channels, 3 x 3, 1 x 1 back, beside a shortcut (He et al., 2016: ResNet-50; the stride at the
 * 3 x 3). Parts: `first`, `second`, `third`, `shortcut`.
 */
export function bottleneckBlock(
  scope: Scope,
  value: GraphValue,
  { outputs, stride = 1 }: ResidualOptions,
): GraphValue {
  const inner = outputs / 4;
  const first = normedConvolution(scope.at("first"), value, inner, { size: 1, activation: "relu" });
  const second = normedConvolution(scope.at("second"), first, inner, { size: 3, stride, activation: "relu" });
  const third = normedConvolution(scope.at("third"), second, outputs, { size: 1 });
  return activate(scope.x, scope.x.add(third, shortcut(scope, value, { outputs, stride })), "relu");
}

/** The value, or a 1 x 1 convolution of it where the shape changes. */
function shortcut(
  scope: Scope,
  value: GraphValue,
  { outputs, stride }: Required<ResidualOptions>,
): GraphValue {
  if (stride === 1 && sizeAt(value, 1) === outputs) return value;
  return normedConvolution(scope.at("shortcut"), value, outputs, { size: 1, stride });
}

/**
 * Widened, filtered channel by channel, narrowed; added to the value where the shape stays (Sandler et al., 2018:
 * MobileNetV2). Parts: `expand` (unless the expansion is 1), `depthwise`, `project`.
 */
export function invertedResidual(
  scope: Scope,
  value: GraphValue,
  { outputs, stride = 1, expansion }: ResidualOptions & { readonly expansion: number },
): GraphValue {
  const inputs = sizeAt(value, 1);
  const width = inputs * expansion;
  const wide =
    expansion === 1
      ? value
      : normedConvolution(scope.at("expand"), value, width, { size: 1, activation: "relu6" });
  const filtered = normedConvolution(scope.at("depthwise"), wide, width, {
    size: 3,
    stride,
    groups: width,
    activation: "relu6",
  });
  const made = normedConvolution(scope.at("project"), filtered, outputs, { size: 1 });
  return stride === 1 && inputs === outputs ? scope.x.add(value, made) : made;
}
