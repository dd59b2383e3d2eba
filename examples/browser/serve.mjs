// Serves the example page with a bundle: node examples/browser/serve.mjs my-model.quern [port]
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const onnxruntime = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
const WASM = /^\/onnxruntime\/(ort-wasm-simd-threaded(?:\.[a-z]+)?\.(?:wasm|mjs))$/;
const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

async function bundledPage() {
  const { outputFiles } = await build({
    entryPoints: [join(here, "page.mjs")],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    write: false,
    // Found at run time beside the WebAssembly.
    external: ["node:*"],
  });
  return outputFiles[0].contents;
}

/** A server on loopback; `port` 0 takes any free one. */
export async function startExample(bundle, port = 0) {
  const files = new Map([
    ["/", readFileSync(join(here, "index.html"))],
    ["/page.js", await bundledPage()],
    ["/bundle.quern", readFileSync(bundle)],
  ]);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const wasm = WASM.exec(pathname);
    const content = wasm ? readFileSync(join(onnxruntime, wasm[1])) : files.get(pathname);
    if (!content) {
      response.writeHead(404).end();
      return;
    }
    const extension = pathname === "/" ? ".html" : pathname.slice(pathname.lastIndexOf("."));
    response.writeHead(200, {
      "content-type": TYPES[extension] ?? "application/octet-stream",
      "x-content-type-options": "nosniff",
      "content-security-policy":
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data:",
    });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [bundle, port] = process.argv.slice(2);
  if (!bundle) {
    console.error(`usage: node ${basename(process.argv[1])} BUNDLE.quern [PORT]`);
    process.exit(2);
  }
  const { url } = await startExample(bundle, Number(port ?? 8090));
  console.log(`The model runs in your browser at ${url}`);
}
