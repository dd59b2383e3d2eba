// The table of a kept comparison, without measuring: node bench/automl/table.mjs bench/automl/outcomes-60s.jsonl
import { openOutcomes } from "./outcomes.mjs";

console.log(openOutcomes(process.argv[2]).table());
