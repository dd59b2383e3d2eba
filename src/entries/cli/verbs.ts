import type { Command } from "./command.js";

/** The verbs in the order of a project's life. Modules load only when their verb is used. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

const verb = (name: string, summary: string, load: () => Promise<Record<string, unknown>>): Verb => ({
  name,
  summary,
  load: async () => (await load()).command as Command,
});

export const VERBS: readonly Verb[] = [
  verb("init", "Write a quern.yaml for a data file", () => import("./commands/init.js")),
  verb(
    "profile",
    "Describe a data file: kinds, missing values, distributions, findings",
    () => import("./commands/profile.js"),
  ),
  verb("plan", "Show what a training would do, without doing it", () => import("./commands/plan.js")),
  verb("train", "Train, choose, evaluate, export and register a model", () => import("./commands/train.js")),
  verb("evaluate", "Score a model on labelled rows", () => import("./commands/evaluate.js")),
  verb("predict", "Predict rows of a file", () => import("./commands/predict.js")),
  verb(
    "embed",
    "Make a model of vectors from a pretrained network or a trained model",
    () => import("./commands/embed.js"),
  ),
  verb(
    "import",
    "Register a model that was trained elsewhere: detectors from ONNX files of YOLO",
    () => import("./commands/import.js"),
  ),
  verb(
    "similar",
    "Find the rows of a catalogue that are nearest to given ones",
    () => import("./commands/similar.js"),
  ),
  verb(
    "explain",
    "Show which columns a model uses, or what made its predictions of given rows",
    () => import("./commands/explain.js"),
  ),
  verb(
    "export",
    "Copy a model's bundle out of the store, with a typed client if wanted",
    () => import("./commands/export.js"),
  ),
  verb(
    "promote",
    "Let an alias, the champion, point to a version that passes its gates",
    () => import("./commands/promote.js"),
  ),
  verb(
    "rollback",
    "Let an alias, the champion, point to the version before its last promotion",
    () => import("./commands/rollback.js"),
  ),
  verb(
    "deploy",
    "Spread the requests for a name over its versions: by weight, with shadows, as a canary",
    () => import("./commands/deploy.js"),
  ),
  verb("serve", "Serve models over HTTP", () => import("./commands/serve.js")),
  verb(
    "monitor",
    "Judge a model in use: drift, data quality, performance, alerts",
    () => import("./commands/monitor.js"),
  ),
  verb(
    "retrain",
    "Train again when something asks for it, and promote what is better on fresh rows",
    () => import("./commands/retrain.js"),
  ),
  verb(
    "experiment",
    "Compare two versions where people use them, or let the traffic follow success",
    () => import("./commands/experiment.js"),
  ),
  verb(
    "label",
    "Predictions worth a label: list them, take them to a labelling tool, bring the labels back",
    () => import("./commands/label.js"),
  ),
  verb("runs", "List runs", () => import("./commands/runs.js")),
  verb("models", "List models and their versions", () => import("./commands/models.js")),
  verb("datasets", "List and compare dataset versions", () => import("./commands/datasets.js")),
  verb("doctor", "Check the machine and the store", () => import("./commands/doctor.js")),
];
