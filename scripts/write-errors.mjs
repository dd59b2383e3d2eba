// Writes docs/errors.md from the one error table; a test keeps both equal.
import { writeFileSync } from "node:fs";
import { ERROR_TABLE } from "../dist/foundation/base/errors.js";

const rows = Object.entries(ERROR_TABLE).map(
  ([code, { http, exit, hint }]) => `| \`${code}\` | ${http} | ${exit} | ${hint.replaceAll("|", "\\|")} |`,
);
writeFileSync(
  "docs/errors.md",
  `# Errors

Every failure a user can meet has one of these codes. \`--json\` prints \`{error: {code, message, hint, details}}\`; HTTP answers with the status and the same object.
Written by \`node scripts/write-errors.mjs\` from \`src/foundation/base/errors.ts\`.

| code | HTTP | exit | what to do |
|---|---|---|---|
${rows.join("\n")}
`,
);
