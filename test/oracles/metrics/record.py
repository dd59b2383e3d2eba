"""Records expected metric values from scikit-learn into expected.json.

The data of a case come from a linear congruential generator that metrics.test.ts repeats number for number, so
that only seeds and values are stored. Run: pip install scikit-learn==1.9.1 scipy numpy && python record.py
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics as m

warnings.filterwarnings("ignore")


class Uniform:
    """MINSTD (Park and Miller, 1988): exact in doubles, so any language repeats it."""

    def __init__(self, seed):
        self.state = seed

    def __call__(self):
        self.state = (self.state * 48271) % 2147483647
        return self.state / 2147483647


def classes_case(seed, rows, classes, ties, weighted, missing):
    uniform = Uniform(seed)
    codes, probabilities, weights = [], [], []
    for row in range(rows):
        code = int(uniform() * classes)
        if missing and code == classes - 1:
            code = 0
        # A first row of each class keeps scores defined, unless a class is to be missing.
        if row < classes and not (missing and row == classes - 1):
            code = row
        raw = []
        for k in range(classes):
            u = uniform()
            value = (int(u * 6) + 1) / 8 if ties else u + 0.01
            raw.append(value * (2.0 if k == code and uniform() < 0.6 else 1.0))
        total = 0.0
        for value in raw:
            total += value
        if classes == 2:
            p = raw[1] / total
            row_probabilities = [1 - p, p]
        else:
            row_probabilities = [value / total for value in raw]
        codes.append(code)
        probabilities.append(row_probabilities)
        weights.append(int(uniform() * 40 + 1) / 16 if weighted else 1.0)
    return np.array(codes), np.array(probabilities), np.array(weights)


def values_case(seed, rows, ties, weighted):
    uniform = Uniform(seed)
    actual, predicted, weights = [], [], []
    for _ in range(rows):
        truth = int(uniform() * 12) if ties else uniform() * 100
        noise = (int(uniform() * 5) - 2) if ties else uniform() * 20 - 10
        actual.append(float(truth))
        predicted.append(max(0.25, truth + noise))
        weights.append(int(uniform() * 40 + 1) / 16 if weighted else 1.0)
    return np.array(actual), np.array(predicted), np.array(weights)


def expected_calibration_error(happened, confidence, weights, bins=15):
    """Written from Guo et al. (2017); scikit-learn has none."""
    index = np.minimum(bins - 1, np.floor(confidence * bins).astype(int))
    error = 0.0
    for one in range(bins):
        inside = index == one
        if inside.any():
            weight = weights[inside].sum()
            gap = np.average(happened[inside], weights=weights[inside]) - np.average(
                confidence[inside], weights=weights[inside]
            )
            error += weight / weights.sum() * abs(gap)
    return error


def decisions(codes, decided, weights, classes):
    out = {
        "accuracy": m.accuracy_score(codes, decided, sample_weight=weights),
        "balanced-accuracy": m.balanced_accuracy_score(codes, decided, sample_weight=weights),
        "mcc": m.matthews_corrcoef(codes, decided, sample_weight=weights),
    }
    for kind in ["none", "linear", "quadratic"]:
        out[f"kappa weighting={kind}"] = m.cohen_kappa_score(
            codes,
            decided,
            labels=list(range(classes)),
            weights=None if kind == "none" else kind,
            sample_weight=weights,
        )
    for average in ["macro", "weighted", "micro"] + (["binary"] if classes == 2 else []):
        common = dict(average=average, sample_weight=weights, zero_division=0)
        out[f"precision average={average}"] = m.precision_score(codes, decided, **common)
        out[f"recall average={average}"] = m.recall_score(codes, decided, **common)
        out[f"f1 average={average}"] = m.f1_score(codes, decided, **common)
        for beta in [0.5, 2]:
            out[f"f-beta average={average} beta={beta}"] = m.fbeta_score(codes, decided, beta=beta, **common)
    return out


def mean_defined(values, weights=None):
    values = np.array(values, dtype=float)
    weights = np.ones_like(values) if weights is None else np.array(weights, dtype=float)
    keep = ~np.isnan(values) & (weights > 0)
    return float(np.average(values[keep], weights=weights[keep]))


def class_shares(codes, weights, classes):
    return [weights[codes == k].sum() for k in range(classes)]


def binary_probabilities(codes, probabilities, weights):
    score = probabilities[:, 1]
    both = len(np.unique(codes)) == 2
    return {
        "auc": m.roc_auc_score(codes, score, sample_weight=weights) if both else None,
        "average-precision": m.average_precision_score(codes, score, sample_weight=weights)
        if codes.any()
        else None,
        "log-loss": m.log_loss(codes, probabilities, sample_weight=weights, labels=[0, 1]),
        "brier": m.brier_score_loss(codes, score, sample_weight=weights, pos_label=1),
        "ece": expected_calibration_error(codes, score, weights),
    }


def multiclass_probabilities(codes, probabilities, weights, classes, weighted):
    labels = list(range(classes))
    shares = class_shares(codes, weights, classes)
    one = [(codes == k).astype(int) for k in labels]
    present = [0 < flags.sum() < len(codes) for flags in one]
    areas = [
        m.roc_auc_score(one[k], probabilities[:, k], sample_weight=weights) if present[k] else np.nan
        for k in labels
    ]
    precisions = [
        m.average_precision_score(one[k], probabilities[:, k], sample_weight=weights)
        if one[k].any()
        else np.nan
        for k in labels
    ]
    best = probabilities.argmax(axis=1)
    out = {
        "auc average=macro": mean_defined(areas),
        "auc average=weighted": mean_defined(areas, shares),
        "average-precision average=macro": mean_defined(precisions),
        "average-precision average=weighted": mean_defined(precisions, shares),
        "log-loss": m.log_loss(codes, probabilities, sample_weight=weights, labels=labels),
        "brier": m.brier_score_loss(codes, probabilities, sample_weight=weights, labels=labels),
        "ece": expected_calibration_error(
            (best == codes).astype(float), probabilities.max(axis=1), weights
        ),
    }
    for k in [1, 2, 3]:
        if k < classes:
            out[f"top-k-accuracy k={k}"] = m.top_k_accuracy_score(
                codes, probabilities, k=k, sample_weight=weights, labels=labels
            )
    if not weighted and all(present):
        for average in ["macro", "weighted"]:
            rest = m.roc_auc_score(codes, probabilities, multi_class="ovr", average=average)
            assert abs(rest - out[f"auc average={average}"]) < 1e-12
            out[f"auc multiclass=one-vs-one average={average}"] = m.roc_auc_score(
                codes, probabilities, multi_class="ovo", average=average
            )
    return out


def regression(actual, predicted, weights):
    out = {
        "mse": m.mean_squared_error(actual, predicted, sample_weight=weights),
        "rmse": m.root_mean_squared_error(actual, predicted, sample_weight=weights),
        "rmsle": m.root_mean_squared_log_error(actual, predicted, sample_weight=weights),
        "mae": m.mean_absolute_error(actual, predicted, sample_weight=weights),
        "median-absolute-error": m.median_absolute_error(actual, predicted, sample_weight=weights),
        "r2": m.r2_score(actual, predicted, sample_weight=weights),
        "explained-variance": m.explained_variance_score(actual, predicted, sample_weight=weights),
        "poisson-deviance": m.mean_poisson_deviance(actual, predicted, sample_weight=weights),
        "smape": np.average(
            2 * np.abs(actual - predicted) / (np.abs(actual) + np.abs(predicted)), weights=weights
        ),
    }
    if (actual != 0).all():
        out["mape"] = m.mean_absolute_percentage_error(actual, predicted, sample_weight=weights)
    for alpha in [0.1, 0.5, 0.9]:
        out[f"pinball alpha={alpha}"] = m.mean_pinball_loss(
            actual, predicted, alpha=alpha, sample_weight=weights
        )
    return out


def number(value):
    return None if value is None or np.isnan(value) else float(value)


def record():
    cases = []
    seed = 1
    for classes in [2, 3, 5]:
        for rows in [7, 40, 1500]:
            for ties in [False, True]:
                for weighted in [False, True]:
                    for missing in [False, True] if classes > 2 else [False]:
                        seed += 7919
                        codes, probabilities, weights = classes_case(
                            seed, rows, classes, ties, weighted, missing
                        )
                        decided = (
                            (probabilities[:, 1] >= 0.5).astype(int)
                            if classes == 2
                            else probabilities.argmax(axis=1)
                        )
                        values = decisions(codes, decided, weights, classes)
                        values |= (
                            binary_probabilities(codes, probabilities, weights)
                            if classes == 2
                            else multiclass_probabilities(codes, probabilities, weights, classes, weighted)
                        )
                        spec = dict(seed=seed, rows=rows, classes=classes, ties=ties, weighted=weighted, missing=missing)
                        cases.append(spec | {"values": {key: number(v) for key, v in values.items()}})
    for rows in [2, 31, 2000]:
        for ties in [False, True]:
            for weighted in [False, True]:
                seed += 7919
                values = regression(*values_case(seed, rows, ties, weighted))
                spec = dict(seed=seed, rows=rows, classes=0, ties=ties, weighted=weighted, missing=False)
                cases.append(spec | {"values": {key: number(v) for key, v in values.items()}})
    return {"scikit-learn": sklearn.__version__, "cases": cases}


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("expected.json")
    target.write_text(json.dumps(record(), indent=0) + "\n")
