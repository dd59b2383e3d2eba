/** What runs a bundle without a server of ours: a page in a browser, a function of a cloud. Texts alone. */
import type { Manifest } from "../../foundation/contracts/bundle.js";

/** The runtime in WebAssembly: 13 MB, where the native one is too large for a function. */
export const ONNXRUNTIME_WEB = "1.30.0";

/** Of the exported folder: the bundle as an archive, and Quern's runtime as one file. */
export const PORTABLE_BUNDLE = "bundle.quern";
export const PORTABLE_RUNTIME = "quern-runtime.js";

const packageFile = ({ name }: Manifest, scripts: Record<string, string>): string =>
  `${JSON.stringify(
    {
      name:
        name
          .toLowerCase()
          .replace(/[^a-z0-9-]+/g, "-")
          .replace(/^-+|-+$/g, "") || "model",
      private: true,
      type: "module",
      scripts,
      dependencies: { "onnxruntime-web": ONNXRUNTIME_WEB },
    },
    undefined,
    2,
  )}\n`;

/** A folder that any static host can deliver: a page, and a worker in which the model runs. */
export function edgeFiles(manifest: Manifest): ReadonlyMap<string, string> {
  const { name, version, target } = manifest;
  return new Map([
    ["package.json", packageFile(manifest, { build: "node build.js" })],
    [
      "README.md",
      `# ${name} ${version} in the browser

\`npm install && npm run build\` puts onnxruntime-web into \`public/onnxruntime/\`. Then any static host delivers \`public/\`;
nothing a visitor enters leaves the page. \`public/worker.js\` is the model: it takes \`{id, rows}\` and answers
\`{id, predictions}\` or \`{id, error}\`. \`public/page.js\` is an example that uses it.

Hosts should send \`Content-Security-Policy: default-src 'self'; script-src 'self' 'wasm-unsafe-eval'\`.
`,
    ],
    [
      "build.js",
      `// Copies what runs ONNX in a browser from the installed package.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const from = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
const to = new URL("public/onnxruntime/", import.meta.url);
mkdirSync(to, { recursive: true });
for (const file of ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]) {
  copyFileSync(join(from, file), new URL(file, to));
}
`,
    ],
    ["public/index.html", page(`${name} ${version}: ${target}`)],
    ["public/page.js", PAGE_SCRIPT],
    ["public/worker.js", WORKER_SCRIPT],
  ]);
}

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (title: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escapeHtml(title)}</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <h1>${escapeHtml(title)}</h1>
    <form id="row"></form>
    <pre id="answer" aria-live="polite">Loading…</pre>
    <script type="module" src="./page.js"></script>
  </body>
</html>
`;

const WORKER_SCRIPT = `// The model in a worker, so that the page stays responsive.
import * as runtime from "./onnxruntime/ort.wasm.min.mjs";
import { createPredictor, fetchBundle } from "./${PORTABLE_RUNTIME}";

runtime.env.wasm.wasmPaths = new URL("./onnxruntime/", import.meta.url).href;
// More than one thread needs cross-origin isolation; one is enough for a few rows.
runtime.env.wasm.numThreads = 1;

// Fetched once; every file is checked against its SHA-256, and the model must answer its own sample.
const opened = fetchBundle(new URL("./${PORTABLE_BUNDLE}", import.meta.url)).then((read) =>
  createPredictor(read, { runtime }),
);
opened.then(
  ({ manifest }) => postMessage({ id: "ready", inputs: manifest.inputs }),
  (error) => postMessage({ id: "ready", error: String(error) }),
);

addEventListener("message", async ({ data: { id, rows } }) => {
  try {
    const predictor = await opened;
    postMessage({ id, predictions: await predictor.predict(rows) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});
`;

const PAGE_SCRIPT = `// An example of a page that uses the model.
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
const waiting = new Map();
let next = 0;

/** One answer a row. */
export function predict(rows) {
  const id = next++;
  worker.postMessage({ id, rows });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}
globalThis.predict = predict;

const form = document.querySelector("#row");
const answer = document.querySelector("#answer");

worker.addEventListener("message", ({ data: { id, predictions, inputs, error } }) => {
  if (id === "ready") {
    answer.textContent = error ?? "";
    if (inputs) showForm(inputs);
    return;
  }
  const { resolve, reject } = waiting.get(id);
  waiting.delete(id);
  if (error) reject(new Error(error));
  else resolve(predictions);
});

function showForm(inputs) {
  for (const { column, range, categories } of inputs) {
    const label = document.createElement("label");
    label.textContent = column.name;
    const field = document.createElement("input");
    field.dataset.column = column.name;
    field.placeholder = range ? range.map((value) => Number(value.toPrecision(6))).join(" – ") : (categories?.slice(0, 3).join(", ") ?? column.kind);
    label.append(field);
    form.append(label);
  }
  const button = document.createElement("button");
  button.textContent = "Predict";
  form.append(button);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  // Empty fields are unknown; texts are read as the training data were.
  const fields = [...form.querySelectorAll("input")];
  const row = Object.fromEntries(fields.map(({ dataset, value }) => [dataset.column, value === "" ? null : value]));
  const shown = await predict([row]).then(([first]) => JSON.stringify(first, null, 2), (error) => error.message);
  answer.textContent = shown;
});
`;

/** A handler for AWS Lambda behind a function URL or an HTTP API; `handler(event)` needs nothing of AWS. */
export function lambdaFiles(manifest: Manifest): ReadonlyMap<string, string> {
  const { name, version } = manifest;
  return new Map([
    ["package.json", packageFile(manifest, { zip: "npm install --omit=dev && zip -qr function.zip ." })],
    [
      "README.md",
      `# ${name} ${version} as a function

\`npm run zip\` makes \`function.zip\` for AWS Lambda: runtime Node.js 20 or later, handler \`index.handler\`, 512 MB or more.
Call it by a function URL or an HTTP API with the body of \`POST /predict/${name}\`: a row, a list of rows, or \`{rows}\`. Who may
call is decided there (IAM or an authorizer), not here.
`,
    ],
    ["index.js", lambdaScript(name)],
  ]);
}

const lambdaScript = (
  name: string,
): string => `// Answers as POST /predict/${name.replace(/[^\w.-]/g, "_")} of the server does.
import { readFileSync } from "node:fs";
import * as runtime from "onnxruntime-web";
import { archiveBundle, createPredictor, ERROR_TABLE, QuernError } from "./${PORTABLE_RUNTIME}";

runtime.env.wasm.numThreads = 1;

const MAXIMUM_ROWS = 1000;

// Opened while the function starts, once for all its calls.
const bytes = readFileSync(new URL("./${PORTABLE_BUNDLE}", import.meta.url));
const opened = createPredictor(archiveBundle(bytes), { runtime });
// A bundle that cannot be opened is the answer of each call, not the end of the process.
opened.catch(() => undefined);

export async function handler(event) {
  try {
    const rows = rowsOf(event);
    const predictor = await opened;
    const { name, version } = predictor.manifest;
    return answer(200, { model: name, version, predictions: await predictor.predict(rows) });
  } catch (error) {
    if (!QuernError.is(error)) {
      console.error(error);
      return answer(500, { error: { code: "INTERNAL", message: "The function failed on this request.", details: {} } });
    }
    const { code, message, hint, details } = error;
    return answer(ERROR_TABLE[code].http, { error: { code, message, hint, details } });
  }
}

function rowsOf({ body, isBase64Encoded }) {
  const text = isBase64Encoded ? Buffer.from(body ?? "", "base64").toString() : (body ?? "");
  let given;
  try {
    given = JSON.parse(text);
  } catch {
    throw new QuernError("REQUEST_INVALID", "The body is not JSON.");
  }
  const rows = Array.isArray(given) ? given : Array.isArray(given?.rows) ? given.rows : [given];
  if (rows.length <= MAXIMUM_ROWS) return rows;
  throw new QuernError("REQUEST_TOO_LARGE", \`\${rows.length} rows; at most \${MAXIMUM_ROWS} are allowed.\`);
}

function answer(statusCode, content) {
  const headers = { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" };
  return { statusCode, headers, body: JSON.stringify(content) };
}
`;
