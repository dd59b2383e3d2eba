import { z } from "zod";
import { ERROR_TABLE } from "../../../foundation/base/errors.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { examine } from "../../../workflows/use/doctor.js";
import { defineCommand } from "../command.js";
import { commonOptions } from "../common-options.js";
import { workflowOptions } from "../workflow-options.js";

export const command = defineCommand({
  name: "doctor",
  summary: "Check the machine and the store",
  example: "quern doctor",
  arguments: [],
  options: z.strictObject({
    repair: z
      .boolean()
      .default(false)
      .register(fields, { title: "Mend what can be mended without losing anything" }),
    ...commonOptions,
  }),
  async run(_, options, io) {
    const result = await examine({ repair: options.repair }, workflowOptions(options, io));
    io.result(result, () =>
      result.checks
        .map(
          (check) =>
            `${check.ok ? "ok  " : "BAD "} ${check.id}: ${check.message}${check.repair ? `\n     ${check.repaired ? "repaired" : "repair"}: ${check.repair}` : ""}`,
        )
        .join("\n"),
    );
    return result.ok ? 0 : ERROR_TABLE.STORE_DAMAGED.exit;
  },
});
