import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";

/** A share of rows or values, `least` to 1, from which a finder speaks or warns. */
export const shareField = (standard: number, title: string, least = 0) =>
  z.number().min(least).max(1).default(standard).register(fields, { title });
