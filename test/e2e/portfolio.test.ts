import { describe, expect, it } from "vitest";
import { portfolioFor } from "../../src/capabilities/tuning/portfolio.js";
import { TRAINERS } from "../../src/catalogue.js";

const ROWS = { small: 1000, medium: 3000, large: 20_001 } as const;
const TASKS = ["binary", "multiclass", "regression"] as const;
const CASES = TASKS.flatMap((task) =>
  Object.entries(ROWS).map(([size, rows]) => ({ task, size, list: portfolioFor({ task, rows }) })),
);

describe.each(CASES)("the portfolio of $task, $size", ({ task, size, list }) => {
  it("names trainers of the catalogue that do the task, with settings they know", () => {
    for (const { trainer: id, config = {} } of list) {
      const trainer = TRAINERS.find((known) => known.id === id);
      expect(trainer?.tasks, id).toContain(task);
      expect(trainer!.config.safeParse(config).success, `${id} ${JSON.stringify(config)}`).toBe(true);
    }
  });

  it("tries nothing twice, and is short", () => {
    const resolved = list.map(({ trainer: id, config = {} }) => {
      const { config: schema } = TRAINERS.find((known) => known.id === id)!;
      return `${id} ${JSON.stringify(schema.parse(config))}`;
    });
    expect(new Set(resolved).size).toBe(list.length);
    const [least, most] = size === "large" ? [5, 8] : [10, 16];
    expect(list.length).toBeGreaterThanOrEqual(least);
    expect(list.length).toBeLessThanOrEqual(most);
  });

  it("begins with several families", () => {
    expect(new Set(list.slice(0, 4).map(({ trainer }) => trainer)).size).toBeGreaterThan(1);
  });
});
