import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { startMlflowServer } from "../../../test/fixtures/mlflow-server.js";
import { systemClock } from "../../foundation/base/clock.js";
import { followersOf } from "./followers.js";

function follow(url: string) {
  const warnings: string[] = [];
  const logger = { log: (_level: string, message: string) => void warnings.push(message) };
  return { warnings, followers: followersOf([`mlflow=${url}`], { folder: ".", clock: systemClock, logger }) };
}

it("ends a run that failed as failed, and one that never began not at all", async () => {
  const server = await startMlflowServer();
  const { followers, warnings } = follow(`http://127.0.0.1:${server.port}`);
  await followers.end("failed");
  expect(server.requests).toEqual([]);
  followers.take({ kind: "begin", name: "churn", run: "r1" });
  followers.take({ kind: "scalars", step: 3, values: { loss: 1 } });
  await followers.end("failed");
  server.close();
  expect(server.requests.at(-1)).toMatchObject(["runs/update", { status: "FAILED" }]);
  expect(warnings).toEqual([]);
});

it("goes nowhere but to the server that was named", async () => {
  const other = await startMlflowServer();
  const redirecting = createServer((_request, response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end();
  });
  await new Promise<void>((resolve) => redirecting.listen(0, "127.0.0.1", resolve));
  const { port } = redirecting.address() as AddressInfo;
  const { followers, warnings } = follow(`http://127.0.0.1:${port}`);
  followers.take({ kind: "begin", name: "churn", run: "r1" });
  for (let step = 0; step < 3; step++) followers.take({ kind: "scalars", step, values: { loss: 1 } });
  await followers.end("finished");
  redirecting.close();
  other.close();
  expect(other.requests).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining("redirects")]);
});
