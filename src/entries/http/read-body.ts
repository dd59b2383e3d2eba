import type { IncomingMessage } from "node:http";
import { QuernError } from "../../foundation/base/errors.js";

const EMPTY = Buffer.alloc(0);

/** @param cause what is wrong with the body, or `undefined` where the caller went away before its end */
export type OnBody = (bytes: Buffer | undefined, cause?: QuernError) => void;

/** Calls back once, with at most `limit` bytes. */
export function readBody(request: IncomingMessage, limit: number, done: OnBody): void {
  if (Number(request.headers["content-length"] ?? 0) > limit) {
    done(undefined, tooLarge());
    return;
  }
  // Most bodies arrive with their head: after this turn of the parser all is there, and needs no listeners.
  process.nextTick(() => {
    const bytes: Buffer | undefined = request.complete ? (request.read() ?? EMPTY) : undefined;
    if (!bytes) collect(request, limit, done);
    else if (bytes.length > limit) done(undefined, tooLarge());
    else done(bytes);
  });
}

function collect(request: IncomingMessage, limit: number, done: OnBody): void {
  let chunks: Buffer[] = [];
  let length = 0;
  let isSettled = false;
  const settle: OnBody = (bytes, cause) => {
    if (isSettled) return;
    isSettled = true;
    chunks = [];
    done(bytes, cause);
  };
  request.on("data", (chunk: Buffer) => {
    if (isSettled) return;
    length += chunk.length;
    if (length > limit) settle(undefined, tooLarge());
    else chunks.push(chunk);
  });
  request.on("end", () => settle(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
  request.on("error", () => settle(undefined));
}

function tooLarge(): QuernError {
  return new QuernError("REQUEST_TOO_LARGE", "The request is larger than this server accepts.");
}
