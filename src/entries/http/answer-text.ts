import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { PredictionExplanation } from "../../foundation/contracts/explanation.js";
import type { ClassPrediction, Prediction } from "../../foundation/contracts/prediction.js";

export interface AnswerParts {
  readonly ids: readonly string[];
  readonly answers: readonly Prediction[];
  readonly explanations?: readonly PredictionExplanation[] | undefined;
}

/** Writes the answers of one model as JSON. */
type WriteAnswers = (parts: AnswerParts) => string;

const writers = new WeakMap<Manifest, WriteAnswers>();

/**
 * `{model, version, predictions: [{id, …answer, explanation}]}` as `JSON.stringify` writes it, but without the objects, and with
 * what is the same in every answer written once. Probabilities stand in the order of the classes.
 */
export function writeAnswers(manifest: Manifest, parts: AnswerParts): string {
  const known = writers.get(manifest);
  if (known) return known(parts);
  const write = createWriter(manifest);
  writers.set(manifest, write);
  return write(parts);
}

function createWriter({ name, version, outputs }: Manifest): WriteAnswers {
  const begin = `${JSON.stringify({ model: name, version }).slice(0, -1)},"predictions":[`;
  const fields =
    outputs.kind === "classes"
      ? classFields(outputs.classes)
      : (answer: Prediction) => JSON.stringify(answer).slice(1, -1);
  return ({ ids, answers, explanations }) => {
    let text = begin;
    for (let row = 0; row < answers.length; row++) {
      text += `${row === 0 ? "" : ","}{"id":${JSON.stringify(ids[row])},${fields(answers[row]!)}`;
      text += explanations ? `,"explanation":${JSON.stringify(explanations[row])}}` : "}";
    }
    return `${text}]}`;
  };
}

function classFields(classes: readonly string[]): (answer: Prediction) => string {
  const labels = new Map(
    classes.map((label) => [label, `"label":${JSON.stringify(label)},"probabilities":{`]),
  );
  const keys = classes.map((label, place) => `${place === 0 ? "" : ","}${JSON.stringify(label)}:`);
  return (answer) => {
    const { label, probabilities } = answer as ClassPrediction;
    let text = labels.get(label)!;
    for (let k = 0; k < classes.length; k++) text += keys[k]! + numberText(probabilities[classes[k]!]!);
    return `${text}}`;
  };
}

const numberText = (value: number): string => (Number.isFinite(value) ? `${value}` : "null");
