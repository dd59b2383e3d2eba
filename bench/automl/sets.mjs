/**
 * Tables of the comparison. `published`: mean and fold deviation over OpenML's ten folds, 10 minutes on 8 cores
 * (AutoGluon 1.0 `best`) or one model (LightGBM), from github.com/Innixma/autogluon-benchmark, v1_results; their
 * folds are not ours, so a difference below a fold deviation says nothing.
 */
export const SETS = {
  "credit-g": {
    files: ["credit-g.csv"],
    target: "class",
    task: "binary",
    positive: "good",
    metric: "auc",
    published: { autogluon: [0.7997, 0.0306], lightgbm: [0.7409, 0.0533] },
    floor: 0.785,
  },
  car: {
    files: ["car.csv"],
    target: "class",
    task: "multiclass",
    metric: "log-loss",
    published: { autogluon: [0.0043, 0.006], lightgbm: [0.0358, 0.0279] },
    floor: 0.01,
  },
  abalone: {
    files: ["abalone.csv"],
    target: "Class_Rings",
    task: "regression",
    metric: "rmse",
    published: { autogluon: [2.0502, 0.1151], lightgbm: [2.1533, 0.1282] },
    floor: 2.1,
  },
  /** A quarter of its rows have an equal twin: in folds that part them a look-up does well. */
  "wine-leaky": {
    files: ["wine-quality-white.csv"],
    target: "quality",
    task: "multiclass",
    metric: "log-loss",
    project: { cleaning: { duplicates: false } },
    published: { autogluon: [0.7007, 0.025], lightgbm: [0.8908, 0.0322] },
    floor: 0.76,
  },
  /** The same table with twins in one fold: the honest number. */
  "wine-honest": {
    files: ["wine-quality-white.csv"],
    target: "quality",
    task: "multiclass",
    metric: "log-loss",
    keepsTwinsTogether: true,
  },
  "telco-churn": {
    files: ["telco-churn.csv"],
    target: "churn",
    task: "binary",
    positive: "Yes",
    metric: "auc",
  },
  attrition: {
    files: ["attrition.csv"],
    target: "Attrition",
    task: "binary",
    positive: "Yes",
    metric: "auc",
  },
  "ames-housing": { files: ["ames-housing.csv"], target: "Sale_Price", task: "regression", metric: "rmse" },
  penguins: { files: ["penguins.csv"], target: "species", task: "multiclass", metric: "log-loss" },
  adult: {
    files: ["adult-train.csv", "adult-test.csv"],
    target: "income",
    task: "binary",
    positive: ">50K",
    metric: "auc",
    published: { autogluon: [0.9316, 0.0037], lightgbm: [0.93, 0.0039] },
    floor: 0.93,
  },
  "breast-cancer": { sklearn: true, target: "target", task: "binary", positive: "benign", metric: "auc" },
  digits: { sklearn: true, target: "target", task: "multiclass", metric: "log-loss" },
  wine: { sklearn: true, target: "target", task: "multiclass", metric: "log-loss" },
  diabetes: { sklearn: true, target: "target", task: "regression", metric: "rmse" },
};
