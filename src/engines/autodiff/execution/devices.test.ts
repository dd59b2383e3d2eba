import { describe, expect, it } from "vitest";
import { probeDevice, requireDevice } from "./devices.js";

describe("devices", () => {
  it("offers the CPU", async () => {
    expect(await probeDevice("cpu")).toEqual({ device: "cpu", available: true, worstDifference: 0 });
  });

  // The answer depends on the machine; that there is one, that it has a ground and that both functions agree does not.
  it.each(["webgpu", "cuda"] as const)("says of %s what a step on it showed", async (device) => {
    const probe = await probeDevice(device);
    if (probe.available) {
      expect(probe.worstDifference).toBeLessThan(1e-3);
      await requireDevice(device);
      return;
    }
    expect(probe.reason.length).toBeGreaterThan(10);
    await expect(requireDevice(device)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
