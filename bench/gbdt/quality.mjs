// Default settings, one model, no tuning, five folds: AUC (binary), log loss (multiclass), RMSE (regression).
import { areaUnderCurve, fitModel, frameOf, readTable, targetOf } from "./tables.mjs";

export const TABLES = {
  adult: "auc",
  "telco-churn": "auc",
  "credit-g": "auc",
  attrition: "auc",
  car: "log loss",
  abalone: "RMSE",
  "ames-housing": "RMSE",
  "wine-quality-white": "RMSE",
};
const FOLDS = 5;

/** The score of each fold. */
export async function foldScores(folder, name, config = {}, trainer = undefined) {
  const table = readTable(folder, name);
  const rows = Array.from({ length: table.rows }, (_, row) => row);
  const scores = [];
  for (let k = 0; k < FOLDS; k++) {
    const train = rows.filter((row) => table.fold[row] !== k);
    const test = rows.filter((row) => table.fold[row] === k);
    const model = await fitModel(frameOf(table, train), targetOf(table, train), config, 2, trainer);
    scores.push(score(table, targetOf(table, test), model.predict(frameOf(table, test)).values));
  }
  return scores;
}

function score(table, target, values) {
  if (table.task === "regression") {
    return Math.sqrt(
      target.values.reduce((sum, y, row) => sum + (y - values[row]) ** 2, 0) / target.values.length,
    );
  }
  if (table.task === "binary") {
    return areaUnderCurve(
      values.filter((_, k) => k % 2 === 1),
      target.codes,
    );
  }
  const loss = target.codes.reduce((sum, code, row) => sum - Math.log(values[row * table.classes + code]), 0);
  return loss / target.codes.length;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Better and by how many fold standard deviations of the peer: positive is better for us. */
export function compare(metric, ours, peer) {
  const sign = metric === "auc" ? 1 : -1;
  const deviation = Math.sqrt(mean(peer.map((value) => (value - mean(peer)) ** 2)));
  return (sign * (mean(ours) - mean(peer))) / deviation;
}
