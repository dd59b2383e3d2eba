"""Writes the benchmark's data as raw float32 files that every contestant reads.

Speed: two synthetic tables, A (200,000 x 33, five columns are category codes) and B (1,000,000 x 20).
Quality: public tables as float32 with category codes and NaN, one row order and one fold number for each row.
Usage: data.py speed|quality OUT_FOLDER [TABLES_FOLDER]
"""

import json
import sys
from pathlib import Path

import numpy as np


def synthetic(folder, name, rows, test_rows, numeric, cards, seed):
    r = np.random.default_rng(seed)
    n = rows + test_rows
    factors = 10
    z = r.standard_normal((n, factors)).astype(np.float32)
    x = np.empty((n, numeric + len(cards)), np.float32)
    for j in range(numeric):
        w = (r.standard_normal(factors) * (r.random(factors) < 0.35)).astype(np.float32)
        v = z @ w + (0.5 + r.random()) * r.standard_normal(n).astype(np.float32)
        if j % 5 == 1:
            v = np.exp(0.5 * v)
        elif j % 5 == 2:
            v = np.abs(v)
        elif j % 10 == 3:
            v = np.round(v)
        elif j % 5 == 4:
            v = np.arctan(v) * np.sqrt(np.abs(v))
        x[:, j] = v
    logit = 0.9 * z[:, 0] * z[:, 1] + 0.7 * np.sin(2 * z[:, 2]) + 0.6 * (z[:, 3] ** 2 - 1) * z[:, 4]
    logit += 0.5 * np.abs(z[:, 5]) - 0.4 * z[:, 6] * (z[:, 7] > 0) + 0.5 * x[:, 0]
    for c, card in enumerate(cards):
        code = r.choice(card, size=n, p=r.dirichlet(np.ones(card) * 0.7))
        effect = r.standard_normal(card) * 0.4
        x[:, numeric + c] = code
        logit = logit + effect[code] * (1 + 0.3 * z[:, c])
    y = (r.random(n) < 1 / (1 + np.exp(-1.1 * (logit - logit.mean())))).astype(np.float32)
    x.tofile(folder / f"{name}.x")
    y.tofile(folder / f"{name}.y")
    meta = {"name": name, "rows": rows, "testRows": test_rows, "columns": x.shape[1]}
    (folder / f"{name}.json").write_text(json.dumps(meta))


TABLES = {
    "adult": (["adult-train.csv", "adult-test.csv"], "income", "binary"),
    "telco-churn": (["telco-churn.csv"], "churn", "binary"),
    "credit-g": (["credit-g.csv"], "class", "binary"),
    "attrition": (["attrition.csv"], "Attrition", "binary"),
    "car": (["car.csv"], "class", "multiclass"),
    "abalone": (["abalone.csv"], "Class_Rings", "regression"),
    "ames-housing": (["ames-housing.csv"], "Sale_Price", "regression"),
    "wine-quality-white": (["wine-quality-white.csv"], "quality", "regression"),
}
FOLDS = 5


def table(folder, tables, name):
    import pandas as pd

    files, target, task = TABLES[name]
    missing = ["", "NA", "?", "NaN"]
    frame = pd.concat([pd.read_csv(tables / f, na_values=missing, keep_default_na=False) for f in files])
    frame = frame.reset_index(drop=True)
    if task != "regression" and frame[target].dtype.kind in "OT":
        frame[target] = frame[target].str.strip().str.rstrip(".")
    y = frame.pop(target)
    classes = 0
    if task != "regression":
        codes, labels = pd.factorize(y, sort=True)
        y, classes = codes, len(labels)
    x = np.empty(frame.shape, np.float32)
    categories = []
    for j, column in enumerate(frame.columns):
        values = frame[column]
        if values.dtype.kind in "if":
            x[:, j] = values
            categories.append(0)
        else:
            codes, labels = pd.factorize(values.str.strip(), sort=True)
            x[:, j] = np.where(codes < 0, np.nan, codes)
            categories.append(len(labels))
    r = np.random.default_rng(0)
    order = r.permutation(len(x))
    fold = np.empty(len(x), np.int32)
    if classes:
        for k in range(classes):
            members = order[np.asarray(y)[order] == k]
            fold[members] = (np.arange(len(members)) + k) % FOLDS
    else:
        fold[order] = np.arange(len(x)) % FOLDS
    x.tofile(folder / f"{name}.x")
    np.asarray(y, np.float32).tofile(folder / f"{name}.y")
    fold.astype(np.float32).tofile(folder / f"{name}.fold")
    meta = {"name": name, "rows": len(x), "columns": x.shape[1], "task": task, "classes": classes}
    (folder / f"{name}.json").write_text(json.dumps(meta | {"categories": categories}))


def main():
    kind, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    if kind == "speed":
        synthetic(out, "A", 200_000, 50_000, 28, [4, 12, 30, 100, 240], 1)
        synthetic(out, "B", 1_000_000, 100_000, 20, [], 2)
        return
    for name in TABLES:
        table(out, Path(sys.argv[3]), name)


main()
