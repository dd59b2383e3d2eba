/** Who may call: the name under which the server is addressed, the page that calls, the token. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { QuernError } from "../../foundation/base/errors.js";
import type { Permission } from "../../foundation/contracts/http.js";
import { isLoopback, type ServerOptions } from "./server-options.js";

export type AccessCheck = (headers: IncomingHttpHeaders, permission: Permission) => void;

/** @throws (the check) QuernError FORBIDDEN, UNAUTHENTICATED */
export function createAccessCheck({ tokens, allowedHosts }: ServerOptions): AccessCheck {
  const known = tokens.map(({ token, permissions }) => ({ digest: digestOf(token), permissions }));
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  /** Callers address the server by the same name again and again. */
  let accepted: string | undefined;
  return (headers, permission) => {
    if (headers.host === undefined || headers.host !== accepted) {
      checkHost(headers.host, hosts, known.length > 0);
      accepted = headers.host;
    }
    checkOrigin(headers);
    if (permission === "public" || known.length === 0) return;
    checkToken(headers.authorization, known, permission);
  };
}

/**
 * A page of any site can make its own name point to this machine (DNS rebinding) and would then be same-origin.
 * Where tokens protect every call, any name is fine unless names are configured.
 */
function checkHost(header: string | undefined, hosts: ReadonlySet<string>, hasTokens: boolean): void {
  const name = hostName(header ?? "");
  if (isLoopback(name) || hosts.has(name) || (hasTokens && hosts.size === 0)) return;
  throw new QuernError("FORBIDDEN", `This server does not answer under the name ${JSON.stringify(name)}.`, {
    hint: "Address it as 127.0.0.1 or localhost, or configure the name as an allowed host.",
    details: { host: name },
  });
}

function hostName(header: string): string {
  return header.replace(/:\d*$/, "").toLowerCase();
}

/** Browsers name the page that calls; only pages of this very server may. */
function checkOrigin({ origin, host }: IncomingHttpHeaders): void {
  if (origin === undefined) return;
  if (URL.canParse(origin) && new URL(origin).host.toLowerCase() === host?.toLowerCase()) return;
  throw new QuernError(
    "FORBIDDEN",
    `Pages of ${JSON.stringify(origin.slice(0, 200))} may not call this server.`,
    {
      hint: "Call it from a program, or from a page that this server delivers.",
    },
  );
}

interface KnownToken {
  readonly digest: Buffer;
  readonly permissions: readonly Permission[];
}

function checkToken(header: string | undefined, known: readonly KnownToken[], permission: Permission): void {
  const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
  // Digests have one length, so the comparison takes the same time for every guess.
  const digest = digestOf(given ?? "");
  const match = known.find((token) => timingSafeEqual(token.digest, digest));
  if (given === undefined || !match) {
    throw new QuernError(
      "UNAUTHENTICATED",
      given === undefined ? "No token was sent." : "The token is not known.",
    );
  }
  if (match.permissions.includes(permission)) return;
  throw new QuernError("FORBIDDEN", `This token may not do what needs the permission ${permission}.`, {
    details: { permission },
  });
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
