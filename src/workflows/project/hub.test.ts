import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createOutboundClient } from "../../foundation/base/outbound-client.js";
import { fetchHubModel, parseHubReference } from "./hub.js";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const weights = Buffer.alloc(5000, 7);
const files: Readonly<Record<string, Buffer>> = {
  "config.json": Buffer.from("{}"),
  "tokenizer.json": Buffer.from('{"model":{}}'),
  "model.safetensors": weights,
  "onnx/model.onnx": Buffer.from("graph"),
  "README.md": Buffer.from("not read"),
};
const digest = (algorithm: string, ...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(algorithm)).digest("hex");

/** Large files are redirected to another origin, as hubs do. */
let asked: { path: string; range: string | undefined }[] = [];
let isDamaged = false;
const [hub, storage] = [createServer(), createServer()];
const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

hub.on("request", (request, response) => {
  const path = request.url!;
  asked.push({ path, range: request.headers.range });
  if (path.startsWith("/api/models/small/encoder/revision/")) {
    const siblings = Object.entries(files).map(([rfilename, content]) =>
      rfilename.startsWith("model")
        ? {
            rfilename,
            size: content.length,
            lfs: { sha256: digest("sha256", content), size: content.length },
          }
        : { rfilename, size: content.length, blobId: digest("sha1", `blob ${content.length}\0`, content) },
    );
    response.end(JSON.stringify({ sha: COMMIT, siblings }));
    return;
  }
  const content = files[path.replace(`/small/encoder/resolve/${COMMIT}/`, "")];
  if (content === weights) response.writeHead(302, { location: `${originOf(storage)}/blob` }).end();
  else if (content) response.end(content);
  else response.writeHead(404).end();
});
storage.on("request", ({ url, headers: { range } }, response) => {
  asked.push({ path: url!, range });
  const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  response.writeHead(start > 0 ? 206 : 200).end(isDamaged ? Buffer.alloc(5000, 8) : weights.subarray(start));
});

beforeAll(() =>
  Promise.all(
    [hub, storage].map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))),
  ),
);
afterAll(() => [hub, storage].map((server) => server.close()));
beforeEach(() => {
  asked = [];
  isDamaged = false;
});

const { signal } = new AbortController();
const reference = { repository: "small/encoder", revision: "main" };
const fetched = (folder: string, isAllowed = true) => {
  const hosts = [hub, storage].map((server) => new URL(originOf(server)).host);
  const client = createOutboundClient({ allowedHosts: hosts, privateHosts: hosts });
  return fetchHubModel(reference, {
    folder,
    endpoint: originOf(hub),
    signal,
    ...(isAllowed ? { client } : {}),
  });
};
const freshFolder = () => mkdtempSync(join(tmpdir(), "hub-"));

describe("models of a hub", () => {
  it("are fetched once, without what is not read, and found without a network afterwards", async () => {
    const folder = freshFolder();
    await expect(fetched(folder, false)).rejects.toMatchObject({ code: "NETWORK_REFUSED" });
    const path = await fetched(folder);
    expect(readFileSync(join(path, "model.safetensors")).equals(weights)).toBe(true);
    expect(existsSync(join(path, "README.md"))).toBe(false);
    expect(existsSync(join(path, "onnx/model.onnx"))).toBe(false);
    asked = [];
    expect(await fetched(folder, false)).toBe(path);
    expect(asked).toEqual([]);
  });

  it("go on where an attempt ended, also behind a redirection", async () => {
    const folder = freshFolder();
    const part = join(folder, "small--encoder", COMMIT, "model.safetensors.part");
    mkdirSync(dirname(part), { recursive: true });
    writeFileSync(part, weights.subarray(0, 3000));
    const path = await fetched(folder);
    expect(asked.find((request) => request.path === "/blob")!.range).toBe("bytes=3000-");
    expect(readFileSync(join(path, "model.safetensors")).equals(weights)).toBe(true);
  });

  it("are refused where they are not what the hub says, and fetched anew the next time", async () => {
    const folder = freshFolder();
    isDamaged = true;
    await expect(fetched(folder)).rejects.toMatchObject({ code: "NETWORK_FAILED" });
    isDamaged = false;
    expect(existsSync(join(await fetched(folder), "model.safetensors"))).toBe(true);
  });

  it("are named by repository and revision", () => {
    expect(parseHubReference("models/resnet")).toBeUndefined();
    expect(parseHubReference("hf:org/name")).toEqual({ repository: "org/name", revision: "main" });
    expect(parseHubReference("hf:org/name@v1.0")).toEqual({ repository: "org/name", revision: "v1.0" });
    for (const bad of ["hf:", "hf:a/b/c", "hf:../x", "hf:a/b@../c", "hf:a b"]) {
      expect(() => parseHubReference(bad)).toThrow(/names no model of a hub/);
    }
  });
});
