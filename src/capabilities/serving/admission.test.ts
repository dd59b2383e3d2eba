import { describe, expect, it } from "vitest";
import { Admission } from "./admission.js";

describe("admission", () => {
  const setUp = (limitRows = 6) => {
    let refused = 0;
    const admission = new Admission({
      ...{ limitRows, mostRowsOfOne: 3, secondsPerRow: () => 0.5 },
      onRefused: () => {
        refused += 1;
      },
    });
    return { admission, refusals: () => refused };
  };

  it("requirement 16: refuses at once who finds no room, with the time to come back", () => {
    const { admission, refusals } = setUp();
    for (let k = 0; k < 6; k++) admission.enter(1);
    expect(() => admission.enter(1)).toThrow(
      expect.objectContaining({
        code: "OVERLOADED",
        details: { waitingRows: 6, limit: 6, retryAfterSeconds: 3 },
      }),
    );
    expect(refusals()).toBe(1);
    admission.leave(1);
    admission.enter(1);
    expect(refusals()).toBe(1);
  });
  it("lets a request in whole as long as there is room, and small ones beside a large one", () => {
    const { admission } = setUp();
    admission.enter(1000);
    admission.enter(2);
    admission.enter(1000);
    expect(() => admission.enter(1)).toThrow("8 rows are waiting already.");
    admission.leave(1000);
    admission.enter(1);
    expect(() => admission.enter(1)).toThrow("6 rows are waiting already.");
  });
  it("requirement 16: lets no more bodies come than there is room for", () => {
    const { admission, refusals } = setUp();
    admission.enter(3);
    const arrived = admission.expect(1000);
    expect(() => admission.expect(1)).toThrow("3 rows are waiting already");
    expect(refusals()).toBe(1);
    // Who is there goes before those who are still to come.
    admission.requireRoom();
    arrived();
    admission.expect(1);
  });
  it("requirement 16: keeps half of the room for others when bodies do not come", () => {
    const { admission } = setUp();
    for (let k = 0; k < 50; k++) admission.expect(1000);
    admission.enter(2);
    admission.expect(1);
    admission.enter(1);
    expect(() => admission.expect(1)).toThrow("3 rows are waiting already");
    admission.enter(1);
  });
  it("requirement 18: is empty when all have left, and lets nobody in meanwhile", async () => {
    const { admission, refusals } = setUp();
    admission.enter(2);
    admission.enter(1);
    let isEmpty = false;
    const closed = admission.close(10_000).then(() => {
      isEmpty = true;
    });
    expect(() => admission.enter(1)).toThrow("The model is being taken down.");
    expect(refusals()).toBe(0);
    admission.leave(2);
    await Promise.resolve();
    expect(isEmpty).toBe(false);
    admission.leave(1);
    await closed;
    await admission.close(10_000);
  });
  it("waits no longer than it is told to", async () => {
    const { admission } = setUp();
    admission.enter(1);
    await admission.close(1);
    expect(() => admission.enter(1)).toThrow("taken down");
  });
});
