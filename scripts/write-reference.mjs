// Writes docs/guide/project-file.md and docs/guide/command-line.md from the schemas; a test keeps them equal.
// `--check` writes nothing and fails where they differ.
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { STRUCTURED_TRAINERS, TRAINERS } from "../dist/catalogue.js";
import { flagsOf } from "../dist/entries/cli/flags.js";
import { VERBS } from "../dist/entries/cli/verbs.js";
import { fields } from "../dist/foundation/contracts/extension.js";
import { projectSchema } from "../dist/foundation/contracts/project.js";

const WRITTEN = "Written by `node scripts/write-reference.mjs`; do not edit.";
const cell = (text) => String(text).replaceAll("|", "\\|").replaceAll("\n", " ");
const row = (...cells) => `| ${cells.map(cell).join(" | ")} |`;
const words = ({ title, help, unit }) =>
  [title && `${title}.`, help, unit && `In ${unit}.`].filter(Boolean).join(" ");

/** One line a key, nested keys with dots; a choice of shapes lists the keys of all. */
function keyRows(schema, prefix = "") {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    // What tells shapes apart is listed with their parent.
    if (child.const !== undefined) return [];
    const shapes = child.oneOf ?? (child.properties ? [child] : []);
    const rows = shapes.flatMap((shape) => keyRows(shape, `${key}.`));
    const own =
      child.title || rows.length === 0
        ? [row(`\`${key}\``, typeName(child), defaultOf(child), words(child))]
        : [];
    return [...own, ...rows];
  });
}

function typeName(schema) {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    const names = choices.map((choice) => {
      const kind = choice.properties?.kind?.const;
      return kind === undefined ? typeName(choice) : `\`${kind}\``;
    });
    return [...new Set(names)].join(" or ");
  }
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeName({ type })).join(" or ");
  if (schema.type === "array") return `list of ${typeName(schema.items)}`;
  if (schema.type === "object") return "map";
  const { minimum, maximum } = schema;
  const isBounded = maximum !== undefined && Math.abs(maximum) < Number.MAX_SAFE_INTEGER;
  return (
    { string: "text", integer: "whole number", boolean: "true or false" }[schema.type] ??
    "number" + (isBounded ? `, ${minimum ?? 0} to ${maximum}` : "")
  );
}

const defaultOf = ({ default: value }) =>
  value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
    ? ""
    : `\`${JSON.stringify(value)}\``;

function trainerRows() {
  const structured = STRUCTURED_TRAINERS.map((trainer) => ({ ...trainer, tasks: [trainer.task] }));
  return [...TRAINERS, ...structured].map(({ id, summary, tasks, config }) => {
    const names = Object.keys(config.shape).map((name) => `\`${name}\``);
    return row(`\`${id}\``, summary, tasks.join(", "), names.join(", "));
  });
}

function projectFile() {
  const schema = z.toJSONSchema(projectSchema, { metadata: fields, io: "input", unrepresentable: "any" });
  const unique = [...new Set(keyRows(schema))];
  return `# The project file

\`quern.yaml\` is optional: \`quern train data.csv --target y\` infers everything, and \`quern init\` writes a file to start from. An unknown key is
an error that names the line and the nearest known key. Flags of the command line override it; relative paths start from its folder.
${WRITTEN}

\`\`\`yaml
name: churn
task: { target: churned, positive: "yes", metric: auc, goals: { auc: ">= 0.84", latencyP99Ms: "<= 10" } }
data: { source: data/customers.csv, id: customer_id }
split: { kind: stratified, train: 0.8, validation: 0.1, test: 0.1 }
models: [gbdt, logistic-regression]
evaluation: { slices: [region] }
\`\`\`

## Keys

| key | value | default | meaning |
|---|---|---|---|
${unique.join("\n")}

## Trainers

What \`models\` may name, with the settings each takes beside \`trainer\`. \`auto\` chooses by task and size; \`quern plan\` shows the choice.

| trainer | what | tasks | settings |
|---|---|---|---|
${trainerRows().join("\n")}
`;
}

async function verbSection({ name, summary, load }) {
  const command = await load();
  const positional = command.arguments.map((argument) =>
    argument.required ? `<${argument.name}>` : `[${argument.name}]`,
  );
  const usage = ["quern", name, ...positional, "[flags]"].join(" ");
  const args = command.arguments.map((argument) => row(`\`${argument.name}\``, argument.help));
  const flags = flagsOf(command.options)
    .filter((flag) => !COMMON.has(flag.long))
    .map((flag) =>
      row(
        `\`${flag.flags}\``,
        flag.description + (flag.argChoices ? ` (${flag.argChoices.join(", ")})` : ""),
      ),
    );
  const table = [...args, ...flags];
  return `## ${name}

${summary}.

\`\`\`sh
${usage}
${command.example}
\`\`\`
${table.length > 0 ? `\n| argument or flag | meaning |\n|---|---|\n${table.join("\n")}\n` : ""}`;
}

const COMMON = new Set(["--json", "--quiet", "--store", "--threads"]);

async function commandLine() {
  const sections = [];
  for (const verb of VERBS) sections.push(await verbSection(verb));
  return `# The command line

Results go to standard output, progress to standard error. Every verb takes \`--json\` (exactly one JSON document on standard output, also on failure),
\`--quiet\` (no progress), \`--store DIR\` and \`--help\`; verbs that compute take \`--threads N\`.
A model is named \`name\`, \`name@3\` (version) or \`name@champion\` (alias).
The store is \`.quern\` beside \`quern.yaml\` or in the working folder, \`QUERN_HOME\` or \`--store\`.
${WRITTEN}

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | bad usage or input |
| 3 | a goal is not met |
| 130 | interrupted; \`quern train --resume\` goes on |

${sections.join("\n")}`;
}

const pages = { "project-file": projectFile(), "command-line": await commandLine() };
const folder = new URL("../docs/guide/", import.meta.url);
for (const [name, text] of Object.entries(pages)) {
  const path = new URL(`${name}.md`, folder);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    console.error(`docs/guide/${name}.md is out of date: run \`node scripts/write-reference.mjs\`.`);
    process.exitCode = 1;
  }
}
