import { ERROR_TABLE, QuernError } from "../../foundation/base/errors.js";
import type { ErrorBody } from "../../foundation/contracts/http.js";

export interface HttpError {
  readonly status: number;
  readonly body: ErrorBody;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter?: number;
  /** A fault of the server: to be logged with its cause. */
  readonly isBug: boolean;
}

/** Known errors keep code and hint; of bugs a caller learns nothing but that there was one. */
export function toHttpError(cause: unknown): HttpError {
  if (!QuernError.is(cause)) {
    const body = {
      code: "INTERNAL",
      message: "The server failed on this request.",
      hint: "The server's log has the cause.",
      details: {},
    };
    return { status: 500, body: { error: body }, isBug: true };
  }
  const { code, message, hint, details } = cause;
  const seconds = details.retryAfterSeconds;
  return {
    status: ERROR_TABLE[code].http,
    body: { error: { code, message, hint, details } },
    ...(typeof seconds === "number" ? { retryAfter: seconds } : {}),
    isBug: false,
  };
}
