// Builds `dist/`: WebAssembly kernels, compiled TypeScript, and the bundled chart renderer.
// `--kernels` builds the WebAssembly alone (the fast loop of someone working on a kernel).
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const run = (script, args) =>
  execFileSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });

/** Every `assembly/*.entry.ts` becomes one `dist/engines/kernels/<name>.wasm`. */
function buildKernels() {
  const source = join(root, "src/engines/kernels/assembly");
  const target = join(root, "dist/engines/kernels");
  mkdirSync(target, { recursive: true });
  const files = existsSync(source) ? readdirSync(source) : [];
  const newest = Math.max(0, ...files.map((file) => statSync(join(source, file)).mtimeMs));
  for (const entry of files.filter((file) => file.endsWith(".entry.ts"))) {
    const output = join(target, entry.replace(".entry.ts", ".wasm"));
    if (existsSync(output) && statSync(output).mtimeMs > newest) continue;
    run(join(root, "node_modules/assemblyscript/bin/asc.js"), [
      join(source, entry),
      ...["--outFile", output, "-O3", "--noAssert", "--runtime", "stub", "--importMemory", "--sharedMemory"],
      ...["--initialMemory", "2", "--maximumMemory", "65536"],
      ...["--enable", "simd", "--enable", "threads", "--enable", "bulk-memory"],
    ]);
  }
}

function buildTypeScript() {
  const compiler = join(dirname(require.resolve("typescript-native/package.json")), "bin/tsc");
  run(compiler, ["-p", "tsconfig.build.json"]);
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

buildKernels();
if (!process.argv.includes("--kernels")) {
  buildTypeScript();
  await bundleCharts();
}
