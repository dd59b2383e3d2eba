import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Scope } from "../scope.js";
import { type Activation, activate } from "./activations.js";
import { type AttentionOptions, attention } from "./attention.js";
import { type DenseLayer, dense } from "./dense.js";
import { layerNorm, rmsNorm } from "./normalization.js";
import { lastSize, sizeAt } from "./sizes.js";

export interface TransformerBlockOptions extends Omit<AttentionOptions, "memory" | "dropout"> {
  /** Inside the feed-forward part. */
  readonly hiddenWidth: number;
  /** Before each part (Xiong et al., 2020), or behind its sum with what it was given (Vaswani et al., 2017). */
  readonly norm: "pre" | "post";
  /** Default `layer`. */
  readonly normKind?: "layer" | "rms";
  /** Default 1e-5. */
  readonly normEpsilon?: number;
  /** `swiglu`: silu(gate) * up (Shazeer, 2020), with one matrix more. */
  readonly activation: Activation | "swiglu";
  /** Of each part, before it is added; default 0. */
  readonly dropout?: number;
  /** Of the attention's shares; default `dropout`. */
  readonly attentionDropout?: number;
  /** Of the feed-forward part's hidden values; default `dropout`. */
  readonly hiddenDropout?: number;
}

/**
 * Encoder block: [N, T, width] to [N, T, width]. Parts: `attention`, `attention-norm`, `feed-forward`, `feed-forward-norm`.
 * With `places`, only so many of the first places are computed, [N, places, width]: all that is needed of the last block
 * where one place stands for the whole.
 */
export function encoderBlock(
  scope: Scope,
  value: GraphValue,
  options: TransformerBlockOptions & { readonly places?: number },
): GraphValue {
  const { places } = options;
  const attended = residual(scope, "attention", value, options, (part, normed) =>
    attention(part, firstPlaces(scope, normed, places), { ...attentionOptions(options), memory: normed }),
  );
  return residual(scope, "feed-forward", attended, options, (part, normed) =>
    feedForward(part, normed, options),
  );
}

/**
 * Decoder block, which looks at what came before it and at a memory [N, S, width]: [N, T, width] to [N, T, width].
 * `options.mask` is over the value's places. Parts: `attention`, `memory-attention`, `feed-forward`, and the norm of each.
 */
export function decoderBlock(
  scope: Scope,
  value: GraphValue,
  memory: GraphValue,
  options: TransformerBlockOptions & {
    /** [N, S]: 1 counts, 0 does not. */
    readonly memoryMask?: GraphValue;
  },
): GraphValue {
  const attended = residual(scope, "attention", value, options, (part, normed) =>
    attention(part, normed, { ...attentionOptions(options), isCausal: true }),
  );
  const { mask: _, isCausal: __, rotaryBase: ___, ...other } = attentionOptions(options);
  const { memoryMask } = options;
  const informed = residual(scope, "memory-attention", attended, options, (part, normed) =>
    attention(part, normed, { ...other, memory, ...(memoryMask ? { mask: memoryMask } : {}) }),
  );
  return residual(scope, "feed-forward", informed, options, (part, normed) =>
    feedForward(part, normed, options),
  );
}

function attentionOptions(options: TransformerBlockOptions): AttentionOptions {
  return { ...options, dropout: options.attentionDropout ?? options.dropout ?? 0 };
}

/** [N, T, width] to [N, places, width]; as it is without a number. */
function firstPlaces({ x }: Scope, value: GraphValue, places = sizeAt(value, 1)): GraphValue {
  const length = sizeAt(value, 1);
  return places === length ? value : x.split(value, [places, length - places], 1)[0]!;
}

/** The value and what a part makes of it, normalised before or behind. */
function residual(
  scope: Scope,
  name: string,
  value: GraphValue,
  { norm, normKind = "layer", normEpsilon, dropout = 0 }: TransformerBlockOptions,
  part: (scope: Scope, value: GraphValue) => GraphValue,
): GraphValue {
  const normalize = (given: GraphValue) => {
    const place = scope.at(`${name}-norm`);
    return normKind === "rms" ? rmsNorm(place, given, normEpsilon) : layerNorm(place, given, normEpsilon);
  };
  const made = part(scope.at(name), norm === "pre" ? normalize(value) : value);
  const sum = scope.x.add(firstPlaces(scope, value, sizeAt(made, 1)), scope.dropout(made, dropout));
  return norm === "pre" ? sum : normalize(sum);
}

export interface FeedForwardOptions
  extends Pick<TransformerBlockOptions, "hiddenWidth" | "activation" | "dropout" | "hiddenDropout"> {
  readonly hasBias?: boolean;
  readonly linear?: DenseLayer;
}

/** Two linear layers: [..., width] to [..., width]. Parts: `hidden` (for `swiglu` `gate` and `hidden`), `output`. */
export function feedForward(
  scope: Scope,
  value: GraphValue,
  {
    hiddenWidth,
    activation,
    dropout = 0,
    hiddenDropout = dropout,
    hasBias = true,
    linear = dense,
  }: FeedForwardOptions,
): GraphValue {
  const { x } = scope;
  const hidden = linear(scope.at("hidden"), value, hiddenWidth, { hasBias });
  const active =
    activation === "swiglu"
      ? x.mul(activate(x, linear(scope.at("gate"), value, hiddenWidth, { hasBias }), "silu"), hidden)
      : activate(x, hidden, activation);
  return linear(scope.at("output"), scope.dropout(active, hiddenDropout), lastSize(value), { hasBias });
}
