"""Runs one peer on the prepared data and prints one JSON line.

Usage: peers.py speed lightgbm|xgboost FOLDER NAME THREADS
       peers.py quality FOLDER NAME      (LightGBM's defaults, native categories, by fold)
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

ITERATIONS = 100


def read(folder, name):
    folder = Path(folder)
    meta = json.loads((folder / f"{name}.json").read_text())
    x = np.fromfile(folder / f"{name}.x", np.float32).reshape(-1, meta["columns"])
    return meta, x, np.fromfile(folder / f"{name}.y", np.float32)


def clock():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter(), usage.ru_utime + usage.ru_stime


def speed(peer, folder, name, threads):
    meta, x, y = read(folder, name)
    rows = meta["rows"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = clock()
    if peer == "lightgbm":
        import lightgbm

        data = lightgbm.Dataset(x[:rows], y[:rows], params={"max_bin": 255, "num_threads": threads, "verbose": -1})
        data.construct()
        binned = clock()
        parameters = dict(objective="binary", num_leaves=31, learning_rate=0.1, max_bin=255, min_data_in_leaf=20)
        model = lightgbm.train(parameters | {"num_threads": threads, "verbose": -1}, data, ITERATIONS)
        trained = clock()
        score = model.predict(x[rows:], num_threads=threads)
    else:
        import xgboost

        data = xgboost.QuantileDMatrix(x[:rows], y[:rows], max_bin=255, nthread=threads)
        binned = clock()
        parameters = dict(objective="binary:logistic", max_leaves=31, max_depth=0, grow_policy="lossguide", eta=0.1)
        parameters |= {"max_bin": 255, "min_child_weight": 1e-3, "lambda": 0, "nthread": threads, "verbosity": 0}
        model = xgboost.train(parameters | {"tree_method": "hist"}, data, ITERATIONS)
        trained = clock()
        score = model.predict(xgboost.DMatrix(x[rows:]))
    from sklearn.metrics import roc_auc_score

    return {
        "binning": binned[0] - start[0],
        "binningCpu": binned[1] - start[1],
        "training": trained[0] - binned[0],
        "trainingCpu": trained[1] - binned[1],
        "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "dataMiB": before / 1024,
        "auc": roc_auc_score(y[rows:], score),
    }


def quality(folder, name):
    import lightgbm

    meta, x, y = read(folder, name)
    fold = np.fromfile(Path(folder) / f"{name}.fold", np.float32)
    columns = [j for j, n in enumerate(meta["categories"]) if n]
    estimator = lightgbm.LGBMRegressor if meta["task"] == "regression" else lightgbm.LGBMClassifier
    scores = []
    for k in range(5):
        train, test = fold != k, fold == k
        # The Python package takes category codes from a float matrix by column number.
        model = estimator(verbose=-1, n_jobs=1)
        model.fit(x[train], y[train], categorical_feature=columns or "auto")
        scores.append(score(meta, y[test], model, x[test]))
    return {"scores": scores}


def score(meta, y, model, x):
    from sklearn.metrics import log_loss, roc_auc_score

    if meta["task"] == "regression":
        return float(np.sqrt(np.mean((model.predict(x) - y) ** 2)))
    if meta["task"] == "binary":
        return float(roc_auc_score(y, model.predict_proba(x)[:, 1]))
    return float(log_loss(y, model.predict_proba(x), labels=list(range(meta["classes"]))))


arguments = sys.argv[2:]
if sys.argv[1] == "speed":
    print(json.dumps(speed(arguments[0], arguments[1], arguments[2], int(arguments[3]))))
else:
    print(json.dumps(quality(*arguments)))
