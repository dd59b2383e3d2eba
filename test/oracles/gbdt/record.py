"""Records LightGBM's predictions on data that the test makes with the same formula: record.py > lightgbm.json

Features are small integers that all occur often, so that both libraries consider the same splits.
"""

import json

import lightgbm
import numpy as np

ROWS, COLUMNS = 1500, 5


def uniform(count, seed):
    """A linear congruential generator that both languages compute exactly."""
    values, state = [], seed
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2147483648
        values.append(state / 2147483648)
    return np.array(values)


def data(missing):
    x = np.floor(uniform(ROWS * COLUMNS, 1) * 40).reshape(ROWS, COLUMNS)
    noise = uniform(ROWS, 2)
    signal = x[:, 0] / 40 + (x[:, 1] > 20) * x[:, 2] / 40 + 0.5 * noise
    if missing:
        holes = uniform(ROWS * COLUMNS, 3).reshape(ROWS, COLUMNS) < 0.15
        x = np.where(holes, np.nan, x)
    return x, signal


# Rows are estimated from the hessian by both; LightGBM alone lets a wrong estimate stand, so the limit is on weight.
COMMON = dict(n_estimators=20, num_leaves=12, learning_rate=0.2, reg_lambda=1.0, verbose=-1)
COMMON |= {"min_child_samples": 1, "min_child_weight": 2.0}
CASES = {
    "regression": (lightgbm.LGBMRegressor, lambda s: s, {}),
    "poisson": (lightgbm.LGBMRegressor, lambda s: np.floor(4 * s), {"objective": "poisson"}),
    "binary": (lightgbm.LGBMClassifier, lambda s: (s > 0.9).astype(int), {}),
    "multiclass": (lightgbm.LGBMClassifier, lambda s: np.digitize(s, [0.55, 1.0]), {}),
}


def main():
    out = {}
    for missing in (False, True):
        x, signal = data(missing)
        for name, (estimator, label, extra) in CASES.items():
            model = estimator(**COMMON, **extra, deterministic=True, force_row_wise=True)
            model.fit(x, label(signal))
            predict = getattr(model, "predict_proba", model.predict)
            out[f"{name}{' with missing values' if missing else ''}"] = np.round(predict(x[:60]), 8).ravel().tolist()
    print(json.dumps({"lightgbm": lightgbm.__version__, "cases": out}))


main()
