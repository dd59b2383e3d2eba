/** What `config.json` of a pretrained text encoder says about its layers (Hugging Face transformers). */
import { z } from "zod";
import { QuernError } from "../../../../../foundation/base/errors.js";
import type { Activation } from "../../layers/activations.js";
import type { ImportedNetwork } from "../../pretrained/imported-network.js";

export const FAMILIES = ["bert", "roberta", "distilbert"] as const;

/** What is known of an encoder whatever its layers are; a plain value. */
export interface EncoderSizes {
  readonly width: number;
  /** Blocks. */
  readonly layers: number;
  readonly vocabulary: number;
  /** Rows of the table of positions, of which the first `positionOffset` belong to no place of a text. */
  readonly positions: number;
  readonly positionOffset: number;
  /** The tokenizer's own id of padding; it and 0 change places, since padding is 0 in all tokens. */
  readonly padding: number;
}

/** Layers that are written here. */
export interface KnownArchitecture extends EncoderSizes {
  readonly family: (typeof FAMILIES)[number];
  readonly heads: number;
  /** Inside the feed-forward parts. */
  readonly hiddenWidth: number;
  readonly normEpsilon: number;
  readonly activation: Activation;
  /** Whether it knows a first text from a second (segments, token types); models of earlier releases do not say. */
  readonly tellsTexts?: boolean;
}

/** Layers that an ONNX model brings. */
export interface ImportedArchitecture extends EncoderSizes {
  readonly family: "imported";
  /** Gives states [N, L, width], or one vector a text. */
  readonly network: ImportedNetwork;
  /** What the model calls its ids, and its mask and segments where it takes them; int64 or int32. */
  readonly ports: Readonly<Partial<Record<"ids" | "mask" | "segments", EncoderPort>>>;
}
export interface EncoderPort {
  readonly name: string;
  readonly type: "int64" | "int32";
}

export type EncoderArchitecture = KnownArchitecture | ImportedArchitecture;

const count = z.number().int().min(1).max(1_000_000);
const common = {
  vocab_size: count,
  max_position_embeddings: count,
  position_embedding_type: z.literal("absolute").optional(),
  pad_token_id: z.number().int().nonnegative().optional(),
};
const bertConfig = z.object({
  ...common,
  model_type: z.enum(["bert", "roberta", "xlm-roberta", "camembert"]),
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  hidden_act: z.string(),
  layer_norm_eps: z.number().positive(),
  type_vocab_size: z.number().int().nonnegative().optional(),
});
const distilbertConfig = z.object({
  ...common,
  model_type: z.literal("distilbert"),
  dim: count,
  n_layers: count,
  n_heads: count,
  hidden_dim: count,
  activation: z.string(),
});
const encoderConfig = z.discriminatedUnion("model_type", [bertConfig, distilbertConfig]);

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  relu: "relu",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};

/** @throws QuernError UNSUPPORTED for a model of another family; MODEL_REFUSED for a config that says too little */
export function parseArchitecture(text: string, folder: string): KnownArchitecture {
  const type = modelType(text, folder);
  if (!SUPPORTED.includes(type)) {
    throw new QuernError(
      "UNSUPPORTED",
      `The model in ${folder} is a ${type}, which is no supported encoder.`,
      {
        hint: `Use one of ${SUPPORTED.join(", ")}, or put an ONNX export (model.onnx) into the folder.`,
        details: { folder, type },
      },
    );
  }
  const parsed = encoderConfig.safeParse(JSON.parse(text));
  if (!parsed.success) throw refused(folder, z.prettifyError(parsed.error));
  const config = parsed.data;
  const isDistilled = config.model_type === "distilbert";
  const activation = ACTIVATIONS[isDistilled ? config.activation : config.hidden_act];
  if (!activation) throw refused(folder, "its activation is unknown");
  const sizes = isDistilled
    ? { width: config.dim, layers: config.n_layers, heads: config.n_heads, hiddenWidth: config.hidden_dim }
    : {
        width: config.hidden_size,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        hiddenWidth: config.intermediate_size,
      };
  const isRoberta = !isDistilled && config.model_type !== "bert";
  const padding = config.pad_token_id ?? (isRoberta ? 1 : 0);
  return {
    family: isDistilled ? "distilbert" : isRoberta ? "roberta" : "bert",
    ...sizes,
    normEpsilon: isDistilled ? 1e-12 : config.layer_norm_eps,
    activation,
    tellsTexts: !isDistilled && (config.type_vocab_size ?? 0) > 1,
    vocabulary: config.vocab_size,
    positions: config.max_position_embeddings,
    // RoBERTa counts places from the one behind its id of padding.
    positionOffset: isRoberta ? padding + 1 : 0,
    padding,
  };
}

const SUPPORTED: readonly string[] = [...bertConfig.shape.model_type.options, "distilbert"];

function modelType(text: string, folder: string): string {
  try {
    return String((JSON.parse(text) as { model_type?: unknown }).model_type);
  } catch (cause) {
    throw refused(folder, "its config.json is not JSON", cause);
  }
}

function refused(folder: string, why: string, cause?: unknown): QuernError {
  return new QuernError("MODEL_REFUSED", `The encoder in ${folder} cannot be used: ${why}.`, {
    details: { folder },
    ...(cause === undefined ? {} : { cause }),
  });
}
