import { lookup } from "node:dns/promises";
import { createWriteStream, openSync, rmSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { translateDiskError } from "./disk-errors.js";
import { QuernError } from "./errors.js";
import { isPublicAddress } from "./outbound-addresses.js";

/** Which connections may leave the process. Nothing does unless a host is named. */
export interface OutboundPolicy {
  /** `data.example.org`, `data.example.org:8443`, or `*.example.org` for its subdomains. */
  readonly allowedHosts: readonly string[];
  /** Hosts, among the allowed ones, that may lie in private, loopback or other reserved networks. */
  readonly privateHosts?: readonly string[];
  /** Of one response body. Default 10 GiB. */
  readonly maxBytes?: number;
  /** For a whole exchange, redirects included. Default 10 minutes. */
  readonly timeoutMs?: number;
  /** Default 5. */
  readonly maxRedirects?: number;
}

export interface OutboundRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

export interface OutboundResponse {
  readonly status: number;
  /** After redirects. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Ends with an error beyond the size or time limit. Must be read or destroyed. */
  readonly body: NodeJS.ReadableStream & { destroy(): void };
}

export interface OutboundClient {
  /** @throws QuernError NETWORK_REFUSED before anything is sent, NETWORK_FAILED, DATA_TOO_LARGE */
  request(url: string, request?: OutboundRequest): Promise<OutboundResponse>;
  /** Saves the body of a 200 answer; on failure no file stays behind. */
  download(
    url: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ bytes: number; url: string; contentType?: string }>;
}

/** All addresses of a host name. */
export type Resolver = (host: string) => Promise<readonly { address: string; family: number }[]>;

const systemResolver: Resolver = (host) => lookup(host, { all: true, verbatim: true });

const DEFAULTS = { maxBytes: 10 * 2 ** 30, timeoutMs: 600_000, maxRedirects: 5 };

/**
 * The one way out of the process over HTTP. A name is resolved once, every address is judged, and the connection
 * goes to the judged address, so that a second, different answer of the name server changes nothing. Every
 * redirect passes the same door. No proxy, cookie, credential in the URL or compression.
 */
export function createOutboundClient(
  policy: OutboundPolicy,
  resolve: Resolver = systemResolver,
): OutboundClient {
  const limits = { ...DEFAULTS, ...definedOf(policy) };

  async function request(url: string, options: OutboundRequest = {}): Promise<OutboundResponse> {
    const timeout = AbortSignal.timeout(limits.timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    let target = parseUrl(url);
    let current = options;
    for (let redirects = 0; ; redirects++) {
      const pinned = await admit(target, policy, resolve);
      const response = await send(target, pinned, current, signal);
      const location = response.headers.location;
      const status = response.statusCode ?? 0;
      if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
        return {
          status,
          url: target.href,
          headers: response.headers,
          body: limited(response, limits.maxBytes, target),
        };
      }
      response.destroy();
      if (redirects >= limits.maxRedirects)
        throw failed(target, `it redirects more than ${limits.maxRedirects} times`);
      const next = parseUrl(location, target);
      current = redirected(current, status, next.origin === target.origin);
      target = next;
    }
  }

  async function download(url: string, path: string, signal?: AbortSignal) {
    const response = await request(url, signal ? { signal } : {});
    if (response.status !== 200) {
      response.body.destroy();
      throw failed(new URL(response.url), `it answers with status ${response.status}`);
    }
    let bytes = 0;
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        done(null, chunk);
      },
    });
    // Opened before the transfer: a stream that opens late could make the file after a failure removed it. At
    // once: while it waited, the body could fail with nobody listening.
    const fd = openSync(path, "wx");
    try {
      await pipeline(response.body, count, createWriteStream(path, { fd }));
    } catch (cause) {
      rmSync(path, { force: true });
      const translated = translateDiskError(cause, path);
      throw QuernError.is(translated)
        ? translated
        : failed(new URL(response.url), "the transfer broke off", cause);
    }
    const contentType = response.headers["content-type"];
    return { bytes, url: response.url, ...(contentType === undefined ? {} : { contentType }) };
  }

  return { request, download };
}

function definedOf(policy: OutboundPolicy): Partial<typeof DEFAULTS> {
  const { maxBytes, timeoutMs, maxRedirects } = policy;
  return Object.fromEntries(
    Object.entries({ maxBytes, timeoutMs, maxRedirects }).filter(([, value]) => value !== undefined),
  );
}

function parseUrl(text: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(text, base);
  } catch (cause) {
    throw new QuernError("NETWORK_REFUSED", `${JSON.stringify(text.slice(0, 200))} is not a URL.`, { cause });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw refused(url, `uses ${url.protocol}//, not http or https`);
  if (url.username !== "" || url.password !== "") throw refused(url, "holds a user name or password");
  return url;
}

interface Pinned {
  readonly address: string;
  readonly family: number;
}

/** The address to connect to, after the host and every address of it were judged. */
async function admit(url: URL, policy: OutboundPolicy, resolve: Resolver): Promise<Pinned> {
  if (!policy.allowedHosts.some((pattern) => matches(pattern, url))) {
    throw refused(url, "is not among the allowed hosts");
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const literal = isIP(host);
  let addresses: readonly Pinned[];
  try {
    addresses = literal ? [{ address: host, family: literal }] : await resolve(host);
  } catch (cause) {
    throw failed(url, "its name cannot be resolved", cause);
  }
  if (addresses.length === 0) throw failed(url, "its name has no address");
  const mayBePrivate = policy.privateHosts?.some((pattern) => matches(pattern, url)) ?? false;
  const reserved = addresses.find(({ address }) => !isPublicAddress(address));
  if (reserved && !mayBePrivate) {
    throw refused(url, `leads to ${reserved.address}, an address of a private or reserved network`);
  }
  return addresses[0]!;
}

function matches(pattern: string, url: URL): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted.startsWith("*.")) return url.hostname.endsWith(wanted.slice(1));
  return wanted === url.hostname || wanted === url.host;
}

/**
 * After 303, and 301 or 302 of a POST, a GET follows; headers of the caller stay with the first origin, but for the part of a
 * file that is wanted, which says nothing about the caller.
 */
function redirected(request: OutboundRequest, status: number, sameOrigin: boolean): OutboundRequest {
  const { method = "GET", headers, body, signal } = request;
  const toGet = status === 303 || (method === "POST" && (status === 301 || status === 302));
  return {
    method: toGet ? "GET" : method,
    ...(headers ? { headers: sameOrigin ? headers : rangeOf(headers) } : {}),
    ...(body && !toGet ? { body } : {}),
    ...(signal ? { signal } : {}),
  };
}

function rangeOf({ range }: Readonly<Record<string, string>>): Record<string, string> {
  return range === undefined ? {} : { range };
}

function send(
  url: URL,
  pinned: Pinned,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const pinnedLookup: LookupFunction = (_host, options, answer) => {
    if (options.all) answer(null, [{ ...pinned }]);
    else answer(null, pinned.address, pinned.family);
  };
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === "https:" ? https : http).request(
      url,
      {
        method: request.method ?? "GET",
        headers: { ...request.headers, "accept-encoding": "identity", "user-agent": "quern" },
        agent: false,
        lookup: pinnedLookup,
        signal,
      },
      resolve,
    );
    outgoing.on("error", (cause) => reject(failed(url, reasonOf(cause, signal), cause)));
    outgoing.end(request.body);
  });
}

function reasonOf(cause: Error, signal: AbortSignal): string {
  if (signal.aborted) return "it took too long or was interrupted";
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}

/** The body, cut off with an error after `maxBytes`. */
function limited(response: http.IncomingMessage, maxBytes: number, url: URL): OutboundResponse["body"] {
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        done(null, chunk);
        return;
      }
      done(
        new QuernError("DATA_TOO_LARGE", `${url.href} is larger than the limit of ${maxBytes} bytes.`, {
          details: { url: url.href, limitBytes: maxBytes },
        }),
      );
    },
  });
  response.on("error", (cause) => meter.destroy(failed(url, "the transfer broke off", cause)));
  response.on("aborted", () => meter.destroy(failed(url, "the transfer broke off")));
  meter.on("close", () => response.destroy());
  return response.pipe(meter);
}

function refused(url: URL, why: string): QuernError {
  return new QuernError("NETWORK_REFUSED", `The address ${url.origin} ${why}.`, {
    details: { host: url.host },
  });
}

function failed(url: URL, why: string, cause?: unknown): QuernError {
  return new QuernError("NETWORK_FAILED", `Cannot get ${url.origin}${url.pathname}: ${why}.`, {
    details: { host: url.host },
    cause,
  });
}
