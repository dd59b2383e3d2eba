"""Figures of several labels by scikit-learn. Writes figures.json beside it."""
import json, pathlib
import numpy as np
import sklearn
from sklearn.metrics import (accuracy_score, average_precision_score, f1_score, hamming_loss,
                             label_ranking_average_precision_score)

random = np.random.default_rng(5)
cases = []
for rows, labels, ties in ((60, 4, False), (40, 7, True), (25, 2, False)):
    truth = (random.random((rows, labels)) < 0.35).astype(int)
    truth[0] = 1
    truth[1] = 0
    scores = np.clip(0.5 * truth + 0.6 * random.random((rows, labels)), 0, 1)
    if ties:
        scores = np.round(scores * 5) / 5
    decided = (scores >= 0.6).astype(int)
    weights = random.integers(0, 4, rows)
    figures = {}
    for name, w in (("plain", np.ones(rows)), ("weighted", weights)):
        some = truth[w > 0]
        figures[name] = {
            "f1-micro": f1_score(truth, decided, average="micro", sample_weight=w, zero_division=0),
            "f1-macro": float(np.mean([f1_score(truth[:, k], decided[:, k], sample_weight=w, zero_division=0) for k in range(labels)])),
            "mean-average-precision": float(np.mean([average_precision_score(truth[:, k], scores[:, k], sample_weight=w) for k in range(labels)])),
            "label-ranking": label_ranking_average_precision_score(truth, scores, sample_weight=w),
            "hamming-loss": float(np.average((truth != decided).mean(axis=1), weights=w)),
            "subset-accuracy": float(np.average((truth == decided).all(axis=1), weights=w)),
        }
    assert abs(figures["plain"]["hamming-loss"] - hamming_loss(truth, decided)) < 1e-12
    assert abs(figures["plain"]["subset-accuracy"] - accuracy_score(truth, decided)) < 1e-12
    cases.append({"rows": rows, "labels": labels, "truth": truth.ravel().tolist(), "scores": scores.ravel().tolist(),
                  "decided": decided.ravel().tolist(), "weights": weights.tolist(), **figures})
path = pathlib.Path(__file__).with_name("figures.json")
path.write_text(json.dumps({"by": f"scikit-learn {sklearn.__version__}", "cases": cases}))
