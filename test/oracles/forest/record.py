"""Records scikit-learn's decision trees on data that the test makes with the same formula: record.py > trees.json"""

import json

import numpy as np
import sklearn
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ROWS, COLUMNS = 800, 4


def uniform(count, seed):
    values, state = [], seed
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2147483648
        values.append(state / 2147483648)
    return np.array(values)


def main():
    x = np.floor(uniform(ROWS * COLUMNS, 1) * 60).reshape(ROWS, COLUMNS)
    signal = x[:, 0] / 60 + (x[:, 1] > 30) * x[:, 2] / 60 + 0.3 * uniform(ROWS, 2)
    weights = 0.5 + uniform(ROWS, 3)
    classes = np.digitize(signal, [0.5, 0.9])
    common = dict(max_depth=5, min_samples_leaf=8, random_state=0)
    out = {}
    for weighted in (False, True):
        w = weights if weighted else None
        suffix = " weighted" if weighted else ""
        tree = DecisionTreeRegressor(**common).fit(x, signal, w)
        out["regression" + suffix] = tree.predict(x[:60]).tolist()
        for criterion in ("gini", "entropy"):
            tree = DecisionTreeClassifier(criterion=criterion, **common).fit(x, classes, w)
            out[criterion + suffix] = np.round(tree.predict_proba(x[:60]), 8).ravel().tolist()
    print(json.dumps({"sklearn": sklearn.__version__, "cases": out}))


main()
