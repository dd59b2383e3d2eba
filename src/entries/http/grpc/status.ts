/** Codes of errors as the statuses of gRPC (github.com/grpc/grpc, doc/statuscodes.md). */
import type { ErrorCode } from "../../../foundation/base/errors.js";
import { ERROR_TABLE, QuernError } from "../../../foundation/base/errors.js";

export const GRPC_STATUS = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;
export type GrpcStatusName = keyof typeof GRPC_STATUS;

const BY_HTTP: Readonly<Record<number, GrpcStatusName>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  409: "FAILED_PRECONDITION",
  413: "RESOURCE_EXHAUSTED",
  415: "INVALID_ARGUMENT",
  422: "FAILED_PRECONDITION",
  499: "CANCELLED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  507: "RESOURCE_EXHAUSTED",
};

/** Where gRPC tells apart what HTTP does not. */
const BY_CODE: Partial<Readonly<Record<ErrorCode, GrpcStatusName>>> = { UNSUPPORTED: "UNIMPLEMENTED" };

export interface GrpcError {
  readonly status: GrpcStatusName;
  readonly message: string;
  /** Absent for faults of the server, of which a caller learns nothing. */
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly retryAfterSeconds?: number;
}

export function toGrpcError(cause: unknown): GrpcError {
  if (!QuernError.is(cause)) return { status: "INTERNAL", message: "The server failed on this request." };
  const { code, hint, message, details } = cause;
  const seconds = details.retryAfterSeconds;
  return {
    status: BY_CODE[code] ?? BY_HTTP[ERROR_TABLE[code].http] ?? "INTERNAL",
    message,
    code,
    hint,
    ...(typeof seconds === "number" ? { retryAfterSeconds: seconds } : {}),
  };
}
