/** A text encoder from an ONNX export, whatever its layers are. */
import { z } from "zod";
import { inputPorts, readSourceModel } from "../../../../../engines/onnx/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import { readTextInside } from "../../../../../foundation/base/text-file.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { TensorPort } from "../../../../../foundation/contracts/tensor.js";
import type { NetworkTensors } from "../../inference.js";
import { beforeClassifier } from "../../pretrained/feature-output.js";
import {
  type ImportedNetwork,
  type ImportedParameter,
  importNetwork,
} from "../../pretrained/imported-network.js";
import type { EncoderPort, ImportedArchitecture } from "./encoder-architecture.js";

const count = z.number().int().min(1).max(1_000_000);
/** What other families say under other names is not needed. */
const configSchema = z.object({
  model_type: z.string().optional(),
  pad_token_id: z.number().int().nonnegative().nullish(),
  max_position_embeddings: count.optional(),
  num_hidden_layers: count.optional(),
  n_layers: count.optional(),
  type_vocab_size: count.optional(),
});

/** Places of a text where the configuration does not say how many there are. */
const USUAL_POSITIONS = 512;
/** They count places from the one behind their id of padding. */
const OFFSET_FAMILIES = ["roberta", "xlm-roberta", "camembert"];
const MAX_CONFIG_BYTES = 2 ** 20;

/** Names of inputs by what they hold, as exporters of transformers call them. */
const PORTS: Readonly<Record<"ids" | "mask" | "segments", string>> = {
  ids: "input_ids",
  mask: "attention_mask",
  segments: "token_type_ids",
};
/** Outputs with a state for each piece, the best first. */
const STATES = ["last_hidden_state", "token_embeddings"];

/** @throws QuernError MODEL_REFUSED, UNSUPPORTED, DATA_NOT_FOUND */
export function importEncoder(
  path: string,
  folder: string,
): { architecture: ImportedArchitecture; tensors: NetworkTensors } {
  const config = readConfig(folder);
  const source = readSourceModel(path);
  const ports = portsOf(inputPorts(source), path);
  const { network, tensors, shape } = importNetwork(source, {
    shape: () => ["N", "L"],
    features: (graph, outputs) => statesOf(outputs) ?? beforeClassifier(graph, Object.values(outputs)[0]!),
  });
  const width = shape.at(-1);
  if (typeof width !== "number" || shape.length < 2 || shape.length > 3) {
    throw refused(path, `its output is [${shape.join(", ")}], not [rows, places, width] or [rows, width]`);
  }
  const padding = config.pad_token_id ?? 0;
  const positionOffset = OFFSET_FAMILIES.includes(config.model_type ?? "") ? padding + 1 : 0;
  const architecture: ImportedArchitecture = {
    family: "imported",
    ...{ ports, width, padding, positionOffset },
    network: withoutSegments(network, config.type_vocab_size),
    layers: config.num_hidden_layers ?? config.n_layers ?? Math.max(1, network.layers),
    vocabulary: vocabularyOf(network),
    positions: config.max_position_embeddings ?? USUAL_POSITIONS,
  };
  return { architecture, tensors };
}

/** Every text is a first segment: what that one vector could learn, the positions learn. */
function withoutSegments(network: ImportedNetwork, segments: number | undefined): ImportedNetwork {
  const isTable = ({ layer, shape }: ImportedParameter) => layer === -1 && shape.length === 2;
  const parameters = network.parameters.map((parameter) =>
    isTable(parameter) && parameter.shape[0] === segments ? { ...parameter, learns: false } : parameter,
  );
  return { ...network, parameters };
}

function statesOf(outputs: Readonly<Record<string, GraphValue>>): GraphValue | undefined {
  const named = STATES.map((name) => outputs[name]).find((value) => value !== undefined);
  return named ?? Object.values(outputs).find(({ shape }) => shape.length === 3);
}

function portsOf(given: readonly TensorPort[], path: string): ImportedArchitecture["ports"] {
  const wanted = Object.entries(PORTS).flatMap(([part, name]) => {
    const port = given.find((candidate) => candidate.name === name);
    return port && isWhole(port) ? [[part, { name, type: port.type } satisfies EncoderPort] as const] : [];
  });
  const ports: ImportedArchitecture["ports"] = Object.fromEntries(wanted);
  if (ports.ids && wanted.length === given.length) return ports;
  const names = given.map(({ name, type }) => `${name} (${type})`).join(", ");
  throw refused(
    path,
    `it takes ${names}; a text encoder takes input_ids and, where it wants them, attention_mask and token_type_ids`,
  );
}

const isWhole = (port: TensorPort): port is TensorPort & { type: "int64" | "int32" } =>
  port.type === "int64" || port.type === "int32";

/** Rows of the largest table: that of the pieces. */
function vocabularyOf({ parameters }: ImportedNetwork): number {
  const tables = parameters.filter(({ layer, shape }) => layer === -1 && shape.length === 2);
  return Math.max(0, ...tables.map(({ shape }) => shape[0]!));
}

function readConfig(folder: string): z.infer<typeof configSchema> {
  const text = readTextInside(folder, "config.json", MAX_CONFIG_BYTES);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw refused(folder, "its config.json is not JSON", cause);
  }
  const parsed = configSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw refused(folder, z.prettifyError(parsed.error));
}

function refused(place: string, why: string, cause?: unknown): QuernError {
  return new QuernError("MODEL_REFUSED", `The encoder in ${place} cannot be used: ${why}.`, {
    details: { place },
    ...(cause === undefined ? {} : { cause }),
  });
}
