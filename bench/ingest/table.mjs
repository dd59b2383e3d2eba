// A CSV of mixed columns: ids, integers, decimals with gaps, full-precision numbers, currency, categories (Chinese too), yes and no,
// dates, times, text. The same bytes every time.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const HEADER = "customer_id,age,income,score,balance,city,plan,active,signup_date,last_seen,visits,comment\n";
const CITIES = ["Paris", "London", "北京", "上海", "New York", "Berlin", "Tokyo", "São Paulo"];
const WORDS = "the quick brown fox jumps over a lazy dog and runs far away from home".split(" ");
const BLOCK_ROWS = 20_000;

export function writeTable(path, bytes) {
  if (existsSync(path) && statSync(path).size >= bytes) return;
  mkdirSync(dirname(path), { recursive: true });
  const random = generator(12345);
  const handle = openSync(`${path}.part`, "w");
  writeSync(handle, HEADER);
  for (let row = 0, size = 0; size < bytes; row += BLOCK_ROWS) {
    const lines = Array.from({ length: BLOCK_ROWS }, (_, i) => line(row + i, random));
    size += writeSync(handle, `${lines.join("\n")}\n`);
  }
  closeSync(handle);
  renameSync(`${path}.part`, path);
}

function line(row, random) {
  const below = (limit) => Math.floor(random() * limit);
  const time = new Date(1.5e12 + below(2e11)).toISOString();
  const income = random() < 0.05 ? "NA" : (random() * 1e5).toFixed(2);
  const balance = `"$${1 + below(9)},${String(below(1000)).padStart(3, "0")}.${String(below(100)).padStart(2, "0")}"`;
  const comment = Array.from({ length: 3 + below(6) }, () => WORDS[below(WORDS.length)]).join(" ");
  return [
    ...[
      `C${100_000_000 + row}`,
      18 + below(60),
      income,
      random(),
      balance,
      CITIES[below(8)],
      `p${below(30)}`,
    ],
    ...[random() < 0.5 ? "Yes" : "No", time.slice(0, 10), time.slice(0, 19).replace("T", " ")],
    ...[Math.floor(random() * random() * 1000), `"${comment}"`],
  ].join(",");
}

/** Linear congruential, Numerical Recipes: enough to fill a table. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}
