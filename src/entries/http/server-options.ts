import { z } from "zod";
import { QuernError } from "../../foundation/base/errors.js";
import { fields } from "../../foundation/contracts/extension.js";
import { PERMISSIONS } from "../../foundation/contracts/http.js";

const tokenSchema = z.strictObject({
  /** At least 16 characters: short ones can be guessed. */
  token: z.string().min(16),
  permissions: z.array(z.enum(PERMISSIONS)).min(1),
});

export const serverOptionsSchema = z.strictObject({
  host: z.string().default("127.0.0.1").register(fields, {
    title: "Address",
    help: "Another address than this machine's own needs a token.",
  }),
  port: z.number().int().min(0).max(65535).default(8080).register(fields, {
    title: "Port",
    help: "0 takes any free port.",
  }),
  grpcPort: z.coerce.number().int().min(0).max(65535).optional().register(fields, {
    title: "Port for gRPC",
    help: "Needs the package @grpc/grpc-js. 0 takes any free port.",
  }),
  tokens: z.array(tokenSchema).default([]).register(fields, { title: "Tokens" }),
  allowedHosts: z.array(z.string()).default([]).register(fields, {
    title: "Host names",
    help: "Names under which callers may address the server, beside this machine's own.",
  }),
  bodyLimitBytes: z
    .number()
    .int()
    .min(1024)
    .max(2 ** 30)
    .default(16 * 2 ** 20)
    .register(fields, { title: "Largest request", unit: "bytes" }),
  maximumRows: z.number().int().min(1).default(10_000).register(fields, {
    title: "Rows in one request",
    unit: "rows",
  }),
  requestTimeoutMs: z.number().int().min(1).default(30_000).register(fields, {
    title: "Time for one prediction",
    unit: "ms",
    help: "A caller may ask for less in the header Request-Timeout-Ms.",
  }),
  drainTimeoutMs: z.number().int().min(0).default(30_000).register(fields, {
    title: "Time to finish when stopped",
    unit: "ms",
  }),
  maximumConnections: z.number().int().min(1).default(4096).register(fields, {
    title: "Connections",
    help: "Further ones are closed at once.",
  }),
});
export type ServerOptions = z.infer<typeof serverOptionsSchema>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** @throws QuernError CONFIG_INVALID; an address that others can reach needs a token. */
export function parseServerOptions(input: z.input<typeof serverOptionsSchema>): ServerOptions {
  const parsed = serverOptionsSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const key = issue.path.join(".");
    throw new QuernError("CONFIG_INVALID", `Server option ${key || "(top level)"}: ${issue.message}.`, {
      details: { key },
    });
  }
  const { host, tokens } = parsed.data;
  if (isLoopback(host) || tokens.length > 0) return parsed.data;
  throw new QuernError("CONFIG_INVALID", `The server does not listen on ${host} without a token.`, {
    hint: "Configure a token, or listen on 127.0.0.1.",
    details: { key: "host", host },
  });
}
