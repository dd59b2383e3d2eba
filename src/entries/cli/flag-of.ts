import type { z } from "zod";
import { fields } from "../../foundation/contracts/extension.js";

/** A setting as a flag that may be left out: what was not given is told from the default, which the help names. */
export function flagOf<T extends z.ZodType>(setting: z.ZodDefault<T>): z.ZodOptional<T> {
  const flag = setting.unwrap().optional();
  const { title, help, unit } = fields.get(setting as z.ZodType)!;
  const usual: unknown = setting._zod.def.defaultValue;
  const isPlain = typeof usual === "string" || typeof usual === "number";
  const words = [help, isPlain ? `Default: ${usual}.` : undefined].filter((text) => text !== undefined);
  fields.add(flag as z.ZodType, {
    title,
    ...(words.length > 0 ? { help: words.join(" ") } : {}),
    ...(unit === undefined ? {} : { unit }),
  });
  return flag;
}
