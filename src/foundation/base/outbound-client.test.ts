import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isPublicAddress } from "./outbound-addresses.js";
import { createOutboundClient, type OutboundPolicy, type Resolver } from "./outbound-client.js";

describe("isPublicAddress", () => {
  it.each([
    ...[
      "127.0.0.1",
      "10.1.2.3",
      "172.31.255.255",
      "192.168.0.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
    ],
    ...[
      "255.255.255.255",
      "198.18.0.1",
      "::1",
      "::",
      "fe80::1",
      "fe80::1%eth0",
      "fc00::1",
      "fd12::1",
      "ff02::1",
    ],
    ...[
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "::ffff:7f00:1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001:0:1::",
      "2001:db8::1",
      "host",
    ],
  ])("refuses %s", (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])("admits %s", (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );
});

describe("requirement 4: the outbound client", () => {
  const servers: Server[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quern-test-"));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
    rmSync(folder, { recursive: true, force: true });
  });

  async function serve(listener: RequestListener): Promise<number> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return (server.address() as AddressInfo).port;
  }
  const loopback: Resolver = async () => [{ address: "127.0.0.1", family: 4 }];
  const open: OutboundPolicy = { allowedHosts: ["data.test"], privateHosts: ["data.test"] };
  const get = (url: string, policy: OutboundPolicy, resolve: Resolver = loopback) =>
    createOutboundClient(policy, resolve).download(url, join(folder, "file"));
  const refusal = (code: string) => expect.objectContaining({ code });

  it("downloads from an allowed host", async () => {
    const port = await serve((_request, answer) =>
      answer.setHeader("content-type", "text/csv").end("a,b\n1,2\n"),
    );
    const url = `http://data.test:${port}/x.csv`;
    expect(await get(url, open)).toEqual({ bytes: 8, url, contentType: "text/csv" });
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("a,b\n1,2\n");
  });

  it("sends nothing to a host that is not allowed, nor to a reserved address", async () => {
    let requests = 0;
    const port = await serve((_request, answer) => {
      requests++;
      answer.end();
    });
    await expect(get(`http://data.test:${port}/`, { allowedHosts: [] })).rejects.toEqual(
      refusal("NETWORK_REFUSED"),
    );
    await expect(get(`http://data.test:${port}/`, { allowedHosts: ["data.test"] })).rejects.toEqual(
      refusal("NETWORK_REFUSED"),
    );
    for (const host of [
      "127.0.0.1",
      "0x7f.1",
      "2130706433",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "169.254.169.254",
    ]) {
      const url = new URL(`http://${host}:${port}/`);
      await expect(get(url.href, { allowedHosts: [url.hostname] })).rejects.toEqual(
        refusal("NETWORK_REFUSED"),
      );
    }
    for (const url of [
      "ftp://data.test/x",
      "file:///etc/passwd",
      `http://user:secret@data.test:${port}/`,
      "no url",
    ]) {
      await expect(get(url, open)).rejects.toEqual(refusal("NETWORK_REFUSED"));
    }
    expect(requests).toBe(0);
  });

  it("connects to the address it judged, whatever the name server says next", async () => {
    const port = await serve((_request, answer) => answer.end("private"));
    let asked = 0;
    const rebinding: Resolver = async () => [
      { address: asked++ === 0 ? "203.0.113.9" : "127.0.0.1", family: 4 },
    ];
    await expect(
      get(`http://data.test:${port}/`, { allowedHosts: ["data.test"] }, rebinding),
    ).rejects.toEqual(refusal("NETWORK_REFUSED"));
    const mixed: Resolver = async () => [
      { address: "93.184.216.34", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    await expect(get(`http://data.test:${port}/`, { allowedHosts: ["data.test"] }, mixed)).rejects.toEqual(
      refusal("NETWORK_REFUSED"),
    );
    expect(asked).toBe(1);
  });

  it("judges every redirect again and keeps headers at home", async () => {
    const seen: (string | undefined)[] = [];
    const port = await serve((request, answer) => {
      seen.push(request.headers.authorization);
      const target =
        request.url === "/away" ? `http://other.test:${port}/` : request.url === "/again" ? "/again" : "/end";
      if (request.url === "/end" || request.url === "/") answer.end("ok");
      else answer.writeHead(302, { location: target }).end();
    });
    const client = createOutboundClient({ ...open, maxRedirects: 3 }, loopback);
    const headers = { authorization: "Bearer x" };
    const near = await client.request(`http://data.test:${port}/near`, { headers });
    near.body.destroy();
    expect(near).toMatchObject({ status: 200, url: `http://data.test:${port}/end` });
    await expect(client.request(`http://data.test:${port}/away`)).rejects.toEqual(refusal("NETWORK_REFUSED"));
    await expect(client.request(`http://data.test:${port}/again`)).rejects.toEqual(refusal("NETWORK_FAILED"));
    const both = ["data.test", "other.test"];
    seen.length = 0;
    const wide = createOutboundClient({ allowedHosts: both, privateHosts: both }, loopback);
    (await wide.request(`http://data.test:${port}/away`, { headers })).body.destroy();
    expect(seen).toEqual(["Bearer x", undefined]);
  });

  it("ends at the limits of size and time, and leaves no file", async () => {
    const port = await serve((request, answer) => {
      if (request.url === "/slow") answer.write("a");
      else if (request.url === "/broken")
        answer.writeHead(200, { "content-length": 100 }).end("a".repeat(10), () => answer.destroy());
      else if (request.url === "/missing") answer.writeHead(404).end();
      else answer.end("x".repeat(100_000));
    });
    const at = (path: string, more: Partial<OutboundPolicy> = {}) =>
      get(`http://data.test:${port}${path}`, { ...open, ...more });
    await expect(at("/large", { maxBytes: 1000 })).rejects.toEqual(refusal("DATA_TOO_LARGE"));
    await expect(at("/slow", { timeoutMs: 200 })).rejects.toEqual(refusal("NETWORK_FAILED"));
    await expect(at("/broken")).rejects.toEqual(refusal("NETWORK_FAILED"));
    await expect(at("/missing")).rejects.toEqual(refusal("NETWORK_FAILED"));
    expect(existsSync(join(folder, "file"))).toBe(false);
  });
});
