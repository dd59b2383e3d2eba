import * as runtime from "onnxruntime-web/wasm";
import { createPredictor, fetchBundle, QuernError } from "quern/runtime";

runtime.env.wasm.wasmPaths = "/onnxruntime/";
// More than one thread needs cross-origin isolation; one is enough for a row.
runtime.env.wasm.numThreads = 1;

const form = document.querySelector("#row");
const answer = document.querySelector("#answer");

function addField({ column, range, categories }) {
  const label = document.createElement("label");
  label.textContent = column.name;
  const input = document.createElement("input");
  input.dataset.column = column.name;
  input.placeholder = range ? range.join(" – ") : (categories?.slice(0, 3).join(", ") ?? column.kind);
  label.append(input);
  form.append(label);
}

/** Empty fields are unknown; texts are read as the training data were. */
function readRow() {
  const fields = [...form.querySelectorAll("input")];
  return Object.fromEntries(
    fields.map((field) => [field.dataset.column, field.value === "" ? null : field.value]),
  );
}

async function main() {
  const predictor = await createPredictor(await fetchBundle("/bundle.quern"), { runtime });
  const { name, version, target, inputs } = predictor.manifest;
  document.querySelector("#title").textContent = `${name} ${version}: ${target}`;
  for (const input of inputs) addField(input);
  const button = document.createElement("button");
  button.textContent = "Predict";
  form.append(button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      answer.textContent = JSON.stringify((await predictor.predict([readRow()]))[0], null, 2);
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
