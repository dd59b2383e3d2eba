const { builtinModules } = require("node:module");

/** The five floors of docs/architecture.md, as errors. A file imports only from floors below its own. */
const CAPABILITIES = "src/capabilities";
const floors = ["src/entries", "src/workflows", CAPABILITIES, "src/engines", "src/foundation"];

const upward = floors.slice(1).map((floor, index) => ({
  name: `no-upward-import-from-${floor.split("/").pop()}`,
  comment: "Imports point down only.",
  severity: "error",
  from: { path: `^${floor}/` },
  to: {
    path: [
      ...floors.slice(0, index + 1).map((upper) => `^${upper}/`),
      "^src/index\\.ts$",
      // The catalogue lies between workflows and capabilities.
      ...(floor === "src/workflows" ? [] : ["^src/catalogue\\.ts$"]),
    ],
  },
}));

const onlyIn = (name, packages, folders) => ({
  name: `${name}-has-one-home`,
  comment: `${packages} is imported in ${folders} only.`,
  severity: "error",
  from: { path: "^src/", pathNot: [...folders.map((folder) => `^${folder}/`), "\\.test\\.ts$"] },
  to: { path: `node_modules/(${packages})` },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...upward,
    {
      name: "catalogue-stands-on-capabilities",
      severity: "error",
      from: { path: "^src/catalogue\\.ts$" },
      to: { path: ["^src/entries/", "^src/workflows/"] },
    },
    {
      name: "no-sideways-capability",
      comment: "Capabilities never import each other; what crosses is passed in by a workflow.",
      severity: "error",
      from: { path: `^${CAPABILITIES}/([^/]+)/` },
      to: { path: `^${CAPABILITIES}/`, pathNot: `^${CAPABILITIES}/$1/` },
    },
    {
      name: "no-sideways-engine",
      severity: "error",
      from: { path: "^src/engines/([^/]+)/", pathNot: "^src/engines/autodiff/" },
      to: { path: "^src/engines/", pathNot: "^src/engines/$1/" },
    },
    {
      name: "autodiff-stands-on-onnx",
      severity: "error",
      from: { path: "^src/engines/autodiff/" },
      to: { path: "^src/engines/", pathNot: "^src/engines/(autodiff|onnx)/" },
    },
    {
      name: "base-imports-nothing",
      severity: "error",
      from: { path: "^src/foundation/base/" },
      to: { path: "^src/foundation/contracts/" },
    },
    {
      name: "no-sideways-entry",
      comment: "`quern serve` starts the HTTP entry; no other entry knows another.",
      severity: "error",
      from: { path: "^src/entries/([^/]+)/", pathNot: "^src/entries/cli/commands/serve\\.ts$" },
      to: { path: "^src/entries/", pathNot: "^src/entries/$1/" },
    },
    {
      name: "runtime-is-isomorphic",
      comment: "The runtime runs in a browser: foundation and pure host transforms alone.",
      severity: "error",
      from: { path: "^src/entries/runtime/", pathNot: "\\.test\\.ts$" },
      to: { path: ["^src/(workflows|engines|catalogue)", "^src/capabilities/(?!features/host/)"] },
    },
    {
      name: "runtime-reaches-no-node-module",
      severity: "error",
      from: { path: "^src/entries/runtime/", pathNot: "\\.test\\.ts$" },
      to: { path: `^(node:)?(${builtinModules.join("|")})(/|$)`, reachable: true },
    },
    onlyIn("duckdb", "@duckdb", ["src/engines/table"]),
    onlyIn("onnxruntime", "onnxruntime-node", ["src/engines/onnx"]),
    onlyIn("sqlite", "@photostructure/sqlite|kysely", ["src/capabilities/stores"]),
    onlyIn("prom-client", "prom-client", ["src/entries/http"]),
    onlyIn("grpc", "@grpc", ["src/entries/http/grpc"]),
    onlyIn("sharp", "sharp|@img", ["src/capabilities/vision"]),
    onlyIn("nodemailer", "nodemailer", ["src/capabilities/monitoring/alerts"]),
    onlyIn("echarts", "echarts", ["src/engines/pages/charts"]),
    {
      name: "file-system-behind-choke-points",
      comment: "Untrusted paths go through foundation/base; the other importers of node:fs are named here.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: [
          "^src/foundation/base/",
          "^src/engines/(table|kernels|onnx)/",
          "^src/engines/autodiff/loop/checkpoints\\.ts$",
          "^src/capabilities/(stores|bundles|data|tracking)/",
          "^src/entries/cli/",
          "^src/workflows/",
          "\\.test\\.ts$",
        ],
      },
      to: { path: "^(node:)?fs(/promises)?$" },
    },
    {
      name: "network-behind-outbound-client",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: ["^src/foundation/base/outbound", "^src/entries/http/", "\\.test\\.ts$"],
      },
      to: { path: "^(node:)?(http|https|net|tls|dns|http2)(/promises)?$" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "src/engines/kernels/assembly" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  },
};
