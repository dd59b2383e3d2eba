"""Records decisions and predictions of scikit-learn's support vector machines (LIBSVM).

Run: python test/oracles/kernel/record.py   (scikit-learn 1.9.1, numpy 2.4)
"""
import json
from pathlib import Path

import numpy as np
from sklearn.svm import SVC, SVR

random = np.random.default_rng(3)
single = lambda a: np.asarray(a).astype(np.float32).astype(np.float64)
numbers = lambda a: [float(x) for x in np.asarray(a).ravel()]
X = single(random.normal(size=(120, 4)) * np.array([1, 2, 0.5, 1]) + np.array([0, 10, 0, -3]))
radius = ((X - X.mean(0)) ** 2 / X.var(0))[:, :2].sum(1)
binary = (radius + 0.4 * random.normal(size=120) > 1.5).astype(int)
three = np.where(radius < 0.8, 0, np.where(X[:, 2] > 0, 1, 2))
values = np.sin(X[:, 0]) * 2 + X[:, 2] + 0.2 * random.normal(size=120)
weights = random.uniform(0.2, 3, size=120)
cases = []
for labels, name in ((binary, "binary"), (three, "three")):
    for C, w in ((1, None), (20, None), (1, weights)):
        model = SVC(C=C, gamma="scale", tol=1e-8, decision_function_shape="ovo").fit(X, labels, sample_weight=w)
        # LIBSVM's pair decision speaks for the first class; ours for the second. scikit-learn turns the binary one.
        decisions = model.decision_function(X) * (1 if name == "binary" else -1)
        cases.append(dict(target=name, inverseRegularization=C, weights=None if w is None else numbers(w),
                          decisions=numbers(decisions), support=int(len(model.support_)), accuracy=float(model.score(X, labels))))
svr = []
for C, epsilon, w in ((1, 0.1, None), (10, 0.01, None), (1, 0.3, weights)):
    model = SVR(C=C, epsilon=epsilon, gamma="scale", tol=1e-8).fit(X, values, sample_weight=w)
    svr.append(dict(inverseRegularization=C, epsilon=epsilon, weights=None if w is None else numbers(w),
                    predictions=numbers(model.predict(X))))
Path(__file__).with_name("kernel.json").write_text(json.dumps(dict(
    x=[numbers(r) for r in X], binary=[int(v) for v in binary], three=[int(v) for v in three],
    values=numbers(values), classification=cases, regression=svr)) + "\n")
