// A small world to try a service on: customers, who of them leaves, and a day on which that changes.
//
//   node customers.mjs make FILE              2,000 rows of the past, to train on
//   node customers.mjs ask [--changed]        people ask the server, and what became of them is reported
//     --people N (default 2000)  --connections N (default 16)  --url URL (default http://127.0.0.1:8080)
// The same words draw the same people: one watch in twenty-five would otherwise begin with a false alarm.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    changed: { type: "boolean", default: false },
    people: { type: "string", default: "2000" },
    connections: { type: "string", default: "16" },
    url: { type: "string", default: "http://127.0.0.1:8080" },
  },
});

const story = [...positionals, values.changed, values.people, values.connections].join(" ");
let drawn = 0;
/** In [0, 1). */
const uniform = () => createHash("sha256").update(`${story} ${drawn++}`).digest().readUInt32LE() / 2 ** 32;
/** Box and Muller. */
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Before the change the old leave; after it customers are older, and it is the young who leave. */
function customer(changed) {
  const age = Number((40 + (changed ? 5 : 0) + 10 * normal()).toFixed(1));
  const use = Number((-5 * Math.log(1 - uniform())).toFixed(2));
  const plan = ["basic", "plus", "pro"][Math.floor(3 * uniform())];
  const wish = ((changed ? -1 : 1) * (age - 40)) / 10 + (plan === "basic" ? 1 : -0.5) - use / 10 + normal();
  return { row: { age, use, plan }, churned: wish > 0 ? "yes" : "no" };
}

function make(path) {
  const lines = Array.from({ length: 2000 }, () => {
    const { row, churned } = customer(false);
    return `${row.age},${row.use},${row.plan},${churned}`;
  });
  writeFileSync(path, `age,use,plan,churned\n${lines.join("\n")}\n`);
  console.log(`${lines.length} customers in ${path}`);
}

async function post(path, body, headers = {}) {
  const response = await fetch(`${values.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function untilReady() {
  for (let attempt = 0; attempt < 300; attempt++) {
    const ready = await fetch(`${values.url}/health/ready`).catch(() => undefined);
    if (ready?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`No server answers at ${values.url}.`);
}

async function ask() {
  await untilReady();
  const people = Number(values.people);
  const batch = Date.now().toString(36);
  const feedback = [];
  const versions = {};
  let next = 0;
  const start = performance.now();
  const connection = async () => {
    while (next < people) {
      const person = `${batch}-${next++}`;
      const { row, churned } = customer(values.changed);
      // The header says who asks: the same person always gets the same version.
      const answer = await post("/predict/churn", { rows: [row], id: person }, { "quern-subject": person });
      versions[`version ${answer.version}`] = (versions[`version ${answer.version}`] ?? 0) + 1;
      feedback.push({ id: person, actual: churned });
    }
  };
  await Promise.all(Array.from({ length: Number(values.connections) }, connection));
  const seconds = (performance.now() - start) / 1000;
  // The log gathers for a moment before it writes.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let first = 0; first < feedback.length; first += 1000)
    await post("/feedback/churn", { feedback: feedback.slice(first, first + 1000) });
  console.log(
    `${people} answers in ${seconds.toFixed(1)} s (${Math.round(people / seconds)} a second)`,
    versions,
  );
}

const [action, path] = positionals;
if (action === "make" && path) make(path);
else if (action === "ask") await ask();
else {
  console.error("node customers.mjs make FILE | ask [--changed] [--people N] [--connections N] [--url URL]");
  process.exitCode = 2;
}
