import * as runtime from "onnxruntime-web/wasm";
import { createPredictor, fetchBundle, QuernError } from "quern/runtime";
import { decodeImage, drawAnswer } from "./pictures.mjs";

runtime.env.wasm.wasmPaths = "/onnxruntime/";
// More than one thread needs cross-origin isolation; one is enough for a row.
runtime.env.wasm.numThreads = 1;

const form = document.querySelector("#row");
const answer = document.querySelector("#answer");
const canvas = document.querySelector("#picture");

function addField({ column, range, categories }) {
  const label = document.createElement("label");
  label.textContent = column.name;
  const input = document.createElement("input");
  input.dataset.column = column.name;
  if (column.kind === "image") {
    input.type = "file";
    input.accept = "image/*";
  }
  input.placeholder = range
    ? range.map((value) => Number(value.toPrecision(6))).join(" – ")
    : (categories?.slice(0, 3).join(", ") ?? column.kind);
  label.append(input);
  form.append(label);
}

/** Empty fields are unknown; texts are read as the training data were. */
async function readRow() {
  const fields = [...form.querySelectorAll("input")];
  const cells = fields.map(async (field) => [field.dataset.column, await readField(field)]);
  return Object.fromEntries(await Promise.all(cells));
}

async function readField(field) {
  if (field.type !== "file") return field.value === "" ? null : field.value;
  const [file] = field.files;
  return file ? new Uint8Array(await file.arrayBuffer()) : null;
}

/** Lists of pixels are drawn, not read. */
const shown = (said) => JSON.stringify(said, (key, value) => (key === "runs" ? "…" : value), 2);

async function main() {
  const predictor = await createPredictor(await fetchBundle("/bundle.quern"), { runtime, decodeImage });
  const { name, version, target, inputs, outputs } = predictor.manifest;
  document.querySelector("#title").textContent = `${name} ${version}: ${target}`;
  for (const input of inputs) addField(input);
  const button = document.createElement("button");
  button.textContent = "Predict";
  form.append(button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const row = await readRow();
      const [said] = await predictor.predict([row]);
      const picture = Object.values(row).find((cell) => cell instanceof Uint8Array);
      if (picture) await drawAnswer(canvas, picture, said, outputs.labels);
      answer.textContent = shown(said);
    } catch (error) {
      if (!QuernError.is(error)) throw error;
      answer.textContent = `${error.message}\n${error.hint}`;
    }
  });
  globalThis.predictor = predictor;
}

main().catch((error) => {
  document.querySelector("#title").textContent = error.message;
});
