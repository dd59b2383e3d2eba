"""Records coefficients and predictions of scikit-learn's and SciPy's linear models.

Run: python test/oracles/linear/record.py   (scikit-learn 1.9.1, scipy 1.17, numpy 2.4)
"""
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge

random = np.random.default_rng(7)


def features(rows, width):
    """Correlated, of very different scale and location, rounded to float32 as the trainers see them."""
    base = random.normal(size=(rows, width)) @ random.normal(size=(width, width))
    scale = np.array([1, 10, 0.1, 5, 1000, 2][:width])
    shift = np.array([0, 50, -1, 3, 20000, 0][:width])
    return (base * scale + shift).astype(np.float32).astype(np.float64)


def numbers(array):
    return [float(x) for x in np.asarray(array).ravel()]


X = features(60, 6)
signal = (X - X.mean(0)) / X.std(0) @ np.array([1.5, -2, 0.5, 0, 1, 0]) + 4
y = signal + random.normal(size=60)
weights = random.uniform(0.2, 3, size=60)
wide = features(60, 6)
wide = np.hstack([wide, random.normal(size=(60, 34))]).astype(np.float32).astype(np.float64)[:20]
yw = y[:20]
dependent = np.hstack([X[:, :3], X[:, :1] * 2, np.ones((60, 1))]).astype(np.float32).astype(np.float64)

matrices = {"tall": X, "wide": wide, "dependent": dependent}
regression = []


def record(trainer, config, model, name, y, weights=None):
    X = matrices[name]
    model.fit(X, y, sample_weight=weights)
    regression.append(dict(
        trainer=trainer, config=config, x=name, y=numbers(y),
        weights=None if weights is None else numbers(weights),
        coefficients=numbers(model.coef_), intercept=float(model.intercept_), predictions=numbers(model.predict(X))))


record("least-squares", {}, LinearRegression(), "tall", y)
record("least-squares", {}, LinearRegression(), "tall", y, weights)
record("least-squares", {"intercept": False}, LinearRegression(fit_intercept=False), "tall", y)
record("least-squares", {}, LinearRegression(), "wide", yw)
record("least-squares", {}, LinearRegression(), "dependent", y)
record("ridge", {}, Ridge(), "tall", y)
record("ridge", {"penaltyStrength": 30}, Ridge(alpha=30), "tall", y, weights)
record("ridge", {"penaltyStrength": 2, "intercept": False}, Ridge(alpha=2, fit_intercept=False), "tall", y)
record("ridge", {"penaltyStrength": 3}, Ridge(alpha=3, solver="svd"), "wide", yw)
tight = dict(tol=1e-13, max_iter=1000000)
record("lasso", {"penaltyStrength": 0.3}, Lasso(alpha=0.3, **tight), "tall", y)
record("lasso", {"penaltyStrength": 0.05}, Lasso(alpha=0.05, **tight), "tall", y, weights)
record("elastic-net", {"penaltyStrength": 0.4, "l1Share": 0.3}, ElasticNet(alpha=0.4, l1_ratio=0.3, **tight), "tall", y)
record("elastic-net", {"penaltyStrength": 0.1}, ElasticNet(alpha=0.1, **tight), "tall", y, weights)
record("elastic-net", {"penaltyStrength": 0.5, "l1Share": 0.5}, ElasticNet(alpha=0.5, **tight), "wide", yw)

Z = random.normal(size=(120, 4)).astype(np.float32).astype(np.float64)
Z[:, 2] = Z[:, 2] * 3 + 1
Z = Z.astype(np.float32).astype(np.float64)
logit = Z @ np.array([1.2, -0.7, 0.4, 0]) - 0.5
binary = (random.uniform(size=120) < 1 / (1 + np.exp(-logit))).astype(int)
scores = Z @ random.normal(size=(4, 3)) + np.array([0.5, 0, -0.5])
multi = np.argmax(scores + random.gumbel(size=scores.shape), axis=1)
cw = random.uniform(0.2, 3, size=120)
matrices["classes"] = Z
classification = []


def record_logistic(config, model, labels, weights=None):
    model.set_params(tol=1e-11, max_iter=100000)
    model.fit(Z, labels, sample_weight=weights)
    classification.append(dict(
        trainer="logistic-regression", config=config, x="classes", y=[int(v) for v in labels],
        classes=int(labels.max()) + 1, weights=None if weights is None else numbers(weights),
        probabilities=numbers(model.predict_proba(Z))))


record_logistic({}, LogisticRegression(), binary)
record_logistic({"inverseRegularization": 0.05}, LogisticRegression(C=0.05), binary, cw)
record_logistic({"classWeights": "balanced"}, LogisticRegression(class_weight="balanced"), binary)
record_logistic({"intercept": False}, LogisticRegression(fit_intercept=False), binary)
record_logistic({}, LogisticRegression(), multi)
record_logistic({"inverseRegularization": 10, "classWeights": "balanced"},
                LogisticRegression(C=10, class_weight="balanced"), multi, cw)
record_logistic({"penalty": "l1", "inverseRegularization": 0.2},
                LogisticRegression(l1_ratio=1, C=0.2, solver="saga"), binary)
record_logistic({"penalty": "elastic-net", "l1Share": 0.4, "inverseRegularization": 0.1},
                LogisticRegression(l1_ratio=0.4, C=0.1, solver="saga"), multi)


def squared_hinge(labels, strength):
    """The primal problem with a free intercept, solved to machine precision by L-BFGS."""
    signs = np.where(labels == 1, 1.0, -1.0)

    def value(p):
        slack = np.maximum(0, 1 - signs * (Z @ p[:-1] + p[-1]))
        slope = -2 * signs * slack * strength
        return strength * (slack ** 2).sum() + p[:-1] @ p[:-1] / 2, np.append(Z.T @ slope + p[:-1], slope.sum())

    best = minimize(value, np.zeros(5), jac=True, method="L-BFGS-B", options=dict(gtol=1e-12, ftol=1e-16, maxiter=10000))
    return numbers(best.x)


svm = [dict(x="classes", y=[int(v) for v in binary], inverseRegularization=c,
            coefficients=squared_hinge(binary, c)) for c in (1, 0.01)]
Path(__file__).with_name("linear.json").write_text(
    json.dumps(dict(
        matrices={name: [numbers(row) for row in matrix] for name, matrix in matrices.items()}, regression=regression, classification=classification, svm=svm)) + "\n")
