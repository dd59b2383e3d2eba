"""Records greedy ensemble selection with replacement, written from the paper with numpy and scikit-learn's metrics.

Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", ICML 2004. The first of
equals joins; the weights are those of the shortest prefix with the best value.

    python record-greedy.py > greedy.json        # recorded with numpy 2.4.6, scikit-learn 1.9.1
"""

import json

import numpy as np
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)

METRICS = {
    "log-loss": (lambda y, p, w: -log_loss(y, p, labels=range(p.shape[1]), sample_weight=w)),
    "auc": (lambda y, p, w: roc_auc_score(y, p[:, 1], sample_weight=w)),
    "brier": (lambda y, p, w: -brier_score_loss(y, p[:, 1], sample_weight=w)),
    "balanced-accuracy": (lambda y, p, w: balanced_accuracy_score(y, p.argmax(1), sample_weight=w)),
    "rmse": (lambda y, p, w: -root_mean_squared_error(y, p, sample_weight=w)),
    "mae": (lambda y, p, w: -mean_absolute_error(y, p, sample_weight=w)),
}
MINIMIZED = {"log-loss", "brier", "rmse", "mae"}


def select(predictions, y, weights, metric, steps, initial):
    score = METRICS[metric]
    total, joined, curve = np.zeros_like(predictions[0]), [], []
    alone = [score(y, p, weights) for p in predictions]
    ranked = sorted(range(len(predictions)), key=lambda k: -alone[k])
    for step in range(steps):
        if step < initial:
            best = ranked[step]
        else:
            scores = [score(y, (total + p) / (step + 1), weights) for p in predictions]
            best = int(np.argmax(scores))
        total = total + predictions[best]
        joined.append(best)
        curve.append(score(y, total / (step + 1), weights))
    kept = int(np.argmax(curve)) + 1
    counts = np.bincount(joined[:kept], minlength=len(predictions))
    sign = -1 if metric in MINIMIZED else 1
    return {"joined": joined, "kept": kept, "weights": (counts / kept).tolist(), "curve": [sign * c for c in curve]}


def table(random, classes, rows, members, digits):
    """Predictions of unequal skill with errors in common, so that ensembles have several members."""
    common = random.normal(size=(rows, max(classes, 1))) * 0.6
    y = random.normal(size=rows) if classes == 0 else random.integers(classes, size=rows)
    predictions = []
    for _ in range(members):
        noise = common + random.normal(size=common.shape) * random.uniform(0.5, 2)
        if classes == 0:
            predictions.append(np.round(y + 0.5 * noise[:, 0], digits))
        else:
            scores = np.exp(noise + np.eye(classes)[y] * random.uniform(0.5, 1.5))
            shares = np.round(scores / scores.sum(1, keepdims=True), digits)
            shares[:, -1] = np.round(1 - shares[:, :-1].sum(1), digits)
            predictions.append(np.clip(shares, 0, 1))
    return y, predictions


def main():
    random = np.random.default_rng(7)
    cases = []
    for metric, classes, weighted, initial in [
        ("log-loss", 2, False, 0), ("log-loss", 3, True, 0), ("log-loss", 4, False, 3),
        ("auc", 2, False, 0), ("auc", 2, True, 2), ("brier", 2, False, 0), ("balanced-accuracy", 3, False, 0),
        ("rmse", 0, False, 0), ("rmse", 0, True, 4), ("mae", 0, False, 0),
    ]:
        # Ranks must not hang on how a tie of two means is rounded.
        y, predictions = table(random, classes, 90, 8, 9 if metric == "auc" else 4)
        weights = np.round(random.uniform(0.2, 3, size=90), 2) if weighted else None
        cases.append({
            "metric": metric, "classes": classes, "initial": initial, "steps": 25,
            "actual": np.round(y, 6).tolist(), "weights": None if weights is None else weights.tolist(),
            "predictions": [p.ravel().tolist() for p in predictions],
            "expected": select(predictions, np.round(y, 6), weights, metric, 25, initial),
        })
    print(json.dumps(cases))


main()
