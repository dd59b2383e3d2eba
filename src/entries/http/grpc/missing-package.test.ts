import { expect, it, vi } from "vitest";
import { systemClock } from "../../../foundation/base/clock.js";
import { silentLogger } from "../../../foundation/base/logger.js";
import type { ModelPool } from "../../../foundation/contracts/serving.js";
import { createServer } from "../index.js";

it("says what to install when the package is not there", async () => {
  vi.doMock("@grpc/grpc-js", () => {
    throw new Error("Cannot find package");
  });
  const models = { list: () => [], drain: async () => undefined } as unknown as ModelPool;
  const server = createServer({ port: 0, grpcPort: 0 }, { models, clock: systemClock, logger: silentLogger });
  await expect(server.listen()).rejects.toMatchObject({
    code: "UNSUPPORTED",
    hint: expect.stringContaining("npm install @grpc/grpc-js"),
  });
  await server.close();
  vi.doUnmock("@grpc/grpc-js");
});
