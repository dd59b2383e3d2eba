// Builds `dist/`: WebAssembly kernels, compiled TypeScript, and the bundled chart renderer.
// `--kernels` builds the WebAssembly alone (the fast loop of someone working on a kernel).
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPart, filesUnder } from "./build-record.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const at = (path) => join(root, ...path.split("/"));

const ASSEMBLY = at("src/engines/kernels/assembly");
const KERNELS = at("dist/engines/kernels");
const isIn = (folder) => (file) => file.startsWith(folder + sep);
/** Sources that nothing in `dist/` is made from. */
const isAside = (file) => isIn(ASSEMBLY)(file) || /\.test\.ts$|\.md$/.test(file);
const isKernel = (file) => dirname(file) === KERNELS && file.endsWith(".wasm");

/** The compilers and the bundled packages, as npm says they are installed, and the rules of building. */
const TOOLS = [
  ...["node_modules/.package-lock.json", "package-lock.json", "package.json"],
  ...["scripts/build.mjs", "scripts/build-record.mjs"],
];

/** Every `assembly/*.entry.ts` becomes one `dist/engines/kernels/<name>.wasm`. */
async function buildKernels() {
  mkdirSync(KERNELS, { recursive: true });
  const entries = readdirSync(ASSEMBLY).filter((file) => file.endsWith(".entry.ts"));
  // The compiler uses one core.
  const compiling = Array.from({ length: availableParallelism() }, async () => {
    for (let entry = entries.shift(); entry; entry = entries.shift()) await compileKernel(entry);
  });
  await Promise.all(compiling);
}

async function compileKernel(entry) {
  const compiler = spawn(
    process.execPath,
    [
      at("node_modules/assemblyscript/bin/asc.js"),
      join(ASSEMBLY, entry),
      ...["--outFile", join(KERNELS, entry.replace(".entry.ts", ".wasm"))],
      ...["-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--sharedMemory"],
      ...["--initialMemory", "2", "--maximumMemory", "65536"],
      ...["--enable", "simd", "--enable", "threads", "--enable", "bulk-memory"],
    ],
    { cwd: root, stdio: "inherit" },
  );
  const [code] = await once(compiler, "exit");
  if (code !== 0) throw new Error(`The kernel ${entry} does not compile.`);
}

function buildTypeScript() {
  const compiler = join(dirname(require.resolve("typescript-native/package.json")), "bin/tsc");
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
}

/** Charts are rendered on the server; bundling keeps 60 MB of chart sources out of an installation. */
async function bundleCharts() {
  const entry = join(root, "src/engines/pages/charts/echarts.ts");
  if (!existsSync(entry)) return;
  const { build } = await import("esbuild");
  await build({
    entryPoints: [entry],
    outfile: join(root, "dist/engines/pages/charts/echarts.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    minify: true,
    legalComments: "linked",
    logLevel: "warning",
  });
  // The compiler's map is of the file that the bundle replaced.
  rmSync(join(root, "dist/engines/pages/charts/echarts.js.map"), { force: true });
  for (const [name, file] of [
    ["echarts", "LICENSE"],
    ["echarts", "NOTICE"],
    ["zrender", "LICENSE"],
  ]) {
    const folder = join(root, "node_modules", name);
    copyFileSync(join(folder, file), join(root, `dist/engines/pages/charts/${name}.${file}.txt`));
  }
}

const MODULE_FILE = "foundation/base/module-file.js";
const CHARTS = "engines/pages/charts/echarts.js";
const SERVER = "entries/cli/serve-start";

/** Packages that stay outside: native code, and what a server rarely or never needs. */
const OUTSIDE = [
  ...["onnxruntime-node", "@duckdb/*", "@photostructure/sqlite", "@node-rs/jieba", "@huggingface/tokenizers"],
  ...["sharp", "nodemailer", "@grpc/*", "read-excel-file"],
];

/** Files that say where they are, and those that are bundles themselves, must stay where they are. */
const keepInPlace = (folder, files) => ({
  name: "keep-in-place",
  setup(bundling) {
    for (const file of files) {
      const path = relative(folder, join(root, "dist", file)).replaceAll("\\", "/");
      bundling.onResolve({ filter: new RegExp(`/${basename(file).replaceAll(".", "\\.")}$`) }, () => ({
        path: path.startsWith(".") ? path : `./${path}`,
        external: true,
      }));
    }
  },
});

/** Where processes begin: the command line, the package itself, and what they start. `serve` has a bundle of its own. */
const COMMAND_LINE = "entries/cli/main";
const BEGINNINGS = [
  ...["index", COMMAND_LINE, "workflows/train/child", "workflows/learn/fit-child"],
  ...[
    "workflows/use/explanation.worker",
    "workflows/jobs/job.worker",
    "workflows/experiment/experiment.worker",
  ],
];

const chunkOf = (entry) => entry.replaceAll("/", "-");

/**
 * Our own modules in a hundred files instead of a thousand: finding and reading them was half of what a small training
 * cost. They are parts of one bundle, so that a module is there once for the package and for the processes: extensions
 * of users meet the same registries. Packages stay outside, and names and lines as they are, for stack traces.
 */
async function bundleProcesses() {
  const { build } = await import("esbuild");
  const folder = join(root, "dist/chunks");
  rmSync(folder, { recursive: true, force: true });
  await build({
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    legalComments: "none",
    logLevel: "warning",
    entryPoints: Object.fromEntries(
      BEGINNINGS.map((entry) => [chunkOf(entry), join(root, `src/${entry}.ts`)]),
    ),
    outdir: folder,
    plugins: [keepInPlace(folder, [MODULE_FILE, CHARTS, `${SERVER}.js`])],
  });
  for (const entry of BEGINNINGS) {
    const file = join(root, `dist/${entry}.js`);
    const path = relative(dirname(file), join(folder, `${chunkOf(entry)}.js`)).replaceAll("\\", "/");
    const from = JSON.stringify(path.startsWith(".") ? path : `./${path}`);
    const first = entry === COMMAND_LINE ? "#!/usr/bin/env node\n" : "";
    writeFileSync(file, `${first}${entry === "index" ? "export * from" : "import"} ${from};\n`);
    rmSync(`${file}.map`, { force: true });
  }
}

/** Messages of schemas are in English here: the other fifty languages are a fifth of the file. */
const englishSchemas = {
  name: "english-schemas",
  setup(bundling) {
    bundling.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
  },
};

/** Packages and all: `licences` next to the file says whose work is in it. */
const bundleOf = {
  bundle: true,
  format: "esm",
  // Names are kept, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

/** What `quern serve` loads, as few files: a server answers twice as soon. */
async function bundleServer() {
  const { build } = await import("esbuild");
  const licences = new Map();
  for (const entry of [SERVER, "capabilities/serving/inference-worker"]) {
    const folder = join(root, "dist", dirname(entry));
    for (const file of readdirSync(folder)) if (/^chunk-\w+\.js$/.test(file)) rmSync(join(folder, file));
    const { metafile } = await build({
      ...bundleOf,
      entryPoints: [join(root, `src/${entry}.ts`)],
      outdir: folder,
      splitting: true,
      platform: "node",
      target: "node20",
      external: OUTSIDE,
      plugins: [keepInPlace(folder, [MODULE_FILE]), englishSchemas],
      // Packages in CommonJS load the runtime's own modules by `require`.
      banner: {
        js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
      },
      chunkNames: "chunk-[hash]",
    });
    rmSync(join(folder, `${basename(entry)}.js.map`), { force: true });
    addLicences(licences, metafile);
  }
  writeLicences(SERVER, licences);
}

/** `quern/runtime` as one file without packages, for folders that are exported to browsers and functions. */
async function bundleRuntime() {
  const { build } = await import("esbuild");
  const entry = "entries/runtime/standalone";
  const { metafile } = await build({
    ...bundleOf,
    entryPoints: [join(root, "src/entries/runtime/index.ts")],
    outfile: join(root, `dist/${entry}.js`),
    platform: "browser",
    target: "es2022",
    external: ["node:*"],
  });
  const licences = new Map([["quern", readFileSync(join(root, "LICENSE"), "utf8")]]);
  addLicences(licences, metafile);
  writeLicences(entry, licences);
}

function writeLicences(entry, licences) {
  const texts = [...licences].sort().map(([name, text]) => `${name}\n\n${text.trim()}\n`);
  writeFileSync(join(root, `dist/${entry}.LICENSES.txt`), texts.join(`\n${"-".repeat(80)}\n\n`));
}

function addLicences(licences, { inputs }) {
  for (const input of Object.keys(inputs)) addLicence(licences, input);
}

/** The licence of the package that a bundled file comes from. */
function addLicence(licences, input) {
  const path = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(input);
  if (!path || licences.has(path[2])) return;
  const folder = join(root, path[1]);
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const { license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  licences.set(path[2], file ? readFileSync(join(folder, file), "utf8") : `License: ${license}`);
}

async function buildModules() {
  buildTypeScript();
  await bundleCharts();
  await bundleProcesses();
  await bundleServer();
  await bundleRuntime();
}

const listed = (paths) => paths.flatMap((path) => filesUnder(at(path)));
const RECORD = at("dist/build-record.json");

await buildPart(RECORD, {
  name: "kernels",
  inputs: () => [...listed(TOOLS), ...filesUnder(ASSEMBLY)],
  outputs: () => listed(["dist"]).filter(isKernel),
  build: buildKernels,
});
if (!process.argv.includes("--kernels")) {
  await buildPart(RECORD, {
    name: "modules",
    inputs: () => [
      ...listed([...TOOLS, "tsconfig.json", "tsconfig.build.json", "LICENSE"]),
      ...listed(["src"]).filter((file) => !isAside(file)),
    ],
    outputs: () => listed(["dist"]).filter((file) => !isKernel(file) && file !== RECORD),
    build: buildModules,
  });
}
