"""Models to be explained, and the shap package on them: reads commands from stdin, answers with seconds."""

import json
import sys
import time
import warnings
from pathlib import Path

import lightgbm as lgb
import numpy as np
import shap
from sklearn.ensemble import RandomForestRegressor

sys.path.insert(0, str(Path(__file__).parents[2] / "test/oracles/explain"))
from record import flat, forest_trees, lightgbm_trees  # noqa: E402

warnings.filterwarnings("ignore")
folder = Path(sys.argv[1])
rng = np.random.default_rng(3)
x = np.float32(rng.normal(size=(20_000, 20))).astype(np.float64)
y = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + (x[:, 3] > 0) * x[:, 4] + np.sin(x[:, 5]) + rng.normal(size=len(x)) * 0.3
boosted = lgb.LGBMRegressor(n_estimators=100, num_leaves=31, n_jobs=1, verbose=-1).fit(x, y)
forest = RandomForestRegressor(n_estimators=50, min_samples_leaf=5, max_features=0.4, n_jobs=1, random_state=1).fit(x[:5000], y[:5000])


def regression_trees(model):
    trees = forest_trees(model)
    for tree, estimator in zip(trees, model.estimators_):
        tree["values"] = np.float32(estimator.tree_.value[:, 0, :]).astype(np.float64)
    return trees


models = {"boosting": (lightgbm_trees(boosted), 1000, boosted), "forest": (regression_trees(forest), 100, None)}
ready = {}
for name, (trees, rows, native) in models.items():
    (folder / f"{name}.json").write_text(json.dumps({**flat(trees, 1, 20), "rows": rows}))
    x[:rows].astype(np.float32).tofile(folder / f"{name}.x")
    explainer = shap.TreeExplainer({"trees": trees}, feature_perturbation="tree_path_dependent")
    ready[name] = (explainer, x[:rows], native)
print("ready", flush=True)

for line in sys.stdin:
    name, peer = line.split()
    explainer, rows, native = ready[name]
    start = time.perf_counter()
    if peer == "shap":
        values = explainer.shap_values(rows, check_additivity=False)
    else:
        values = native.booster_.predict(rows, pred_contrib=True, num_threads=1)[:, :-1]
    seconds = time.perf_counter() - start
    np.asarray(values, np.float64).tofile(folder / f"{name}.{peer}")
    print(seconds, flush=True)
