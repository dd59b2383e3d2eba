"""Writes a table as one standardised matrix with folds, and the scores of scikit-learn's models on it.

python peers.py TABLE.csv TARGET c|r OUTPUT_PREFIX
"""
import csv
import json
import sys
import time
import warnings

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC

warnings.filterwarnings("ignore")
path, target, kind, prefix = sys.argv[1:]
FOLDS = 5
# LIBSVM's time grows with the square of the rows.
KERNEL_ROWS = 10_000

with open(path, encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
labels = [row.pop(target) for row in rows]
columns = []
for name in rows[0]:
    texts = [row[name] for row in rows]
    try:
        values = np.array([np.nan if text in ("", "NA", "?") else float(text) for text in texts])
        columns.append(np.where(np.isnan(values), np.nanmedian(values), values)[:, None])
    except ValueError:
        known = sorted(set(texts))
        columns.append(np.array([[text == value for value in known] for text in texts], float))
x = StandardScaler().fit_transform(np.hstack(columns)).astype(np.float32)

if kind == "c":
    names = sorted(set(labels))
    y = np.array([names.index(label) for label in labels])
    split = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(x, y)
    models = {
        "logistic-regression": LogisticRegression(max_iter=1000),
        "linear-svm": CalibratedClassifierCV(LinearSVC(dual=False), ensemble=False),
        "gaussian-naive-bayes": GaussianNB(),
        "nearest-neighbours": KNeighborsClassifier(),
        "kernel-svm": CalibratedClassifierCV(SVC(), ensemble=False),
    }
else:
    y = np.array(labels, float)
    split = KFold(FOLDS, shuffle=True, random_state=0).split(x)
    models = {
        "least-squares": LinearRegression(),
        "ridge": Ridge(),
        "lasso": Lasso(),
        "elastic-net": ElasticNet(),
        "nearest-neighbours": KNeighborsRegressor(),
        "kernel-svm": SVR(),
    }
fold = np.zeros(len(y), np.int32)
for index, (_, held_out) in enumerate(split):
    fold[held_out] = index
if len(y) > KERNEL_ROWS:
    del models["kernel-svm"]

peers = {}
for name, model in models.items():
    scores, seconds = [], 0.0
    for index in range(FOLDS):
        train, test = fold != index, fold == index
        known = y[train]
        # Support vector regression needs a target of unit size; ours scales by itself.
        mean, scale = (known.mean(), known.std()) if name == "kernel-svm" and kind == "r" else (0, 1)
        start = time.process_time()
        model.fit(x[train].astype(float), known if scale == 1 else (known - mean) / scale)
        seconds += time.process_time() - start
        if kind == "c":
            scores.append(log_loss(y[test], model.predict_proba(x[test].astype(float))))
        else:
            scores.append(root_mean_squared_error(y[test], model.predict(x[test].astype(float)) * scale + mean))
    peers[name] = {"scores": scores, "seconds": seconds / FOLDS}
x.tofile(prefix + ".x")
y.astype(np.float64).tofile(prefix + ".y")
fold.tofile(prefix + ".fold")
classes = len(set(labels)) if kind == "c" else 0
with open(prefix + ".json", "w", encoding="utf-8") as file:
    json.dump({"rows": len(y), "width": x.shape[1], "classes": classes, "peers": peers}, file)
