"""One peer on one fold: peers.py PEER TABLE.csv PART_COLUMN TARGET TASK METRIC SECONDS -> {"value", "seconds"}."""
import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from sklearn import metrics

warnings.filterwarnings("ignore")
peer, path, part, target, task, metric, seconds = sys.argv[1:]
seconds = float(seconds)
table = pd.read_csv(path, keep_default_na=True, na_values=[""])
is_test = table.pop(part) == "test"
answer = table.pop(target)
if task != "regression":
    answer = answer.astype(str)
numeric = [c for c in table.columns if pd.api.types.is_numeric_dtype(table[c])]
others = [c for c in table.columns if c not in numeric]
train_x, test_x = table[~is_test], table[is_test]
train_y, test_y = answer[~is_test], answer[is_test]
classes = np.unique(train_y) if task != "regression" else None


def score(model_classes, predicted):
    if task == "regression":
        return float(np.sqrt(np.mean((np.asarray(predicted) - test_y.to_numpy()) ** 2)))
    predicted = np.asarray(predicted)
    if task == "binary" and metric == "auc":
        return float(metrics.roc_auc_score(test_y == model_classes[1], predicted[:, 1]))
    order = [list(model_classes).index(name) for name in classes]
    return float(metrics.log_loss(test_y, predicted[:, order], labels=classes))


def categorical(frame):
    return frame.assign(**{c: pd.Categorical(frame[c], categories=table[c].dropna().unique()) for c in others})


def lightgbm():
    import lightgbm as lgb

    kind = lgb.LGBMRegressor if task == "regression" else lgb.LGBMClassifier
    model = kind(verbose=-1, n_jobs=2, random_state=0).fit(categorical(train_x), train_y)
    predict = model.predict if task == "regression" else model.predict_proba
    return getattr(model, "classes_", None), predict(categorical(test_x))


def sklearn():
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = make_column_transformer(
        (SimpleImputer(strategy="median"), numeric),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=2), others),
    )
    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    model = make_pipeline(encode, kind(500, n_jobs=2, random_state=0)).fit(train_x, train_y)
    return getattr(model, "classes_", None), (model.predict if task == "regression" else model.predict_proba)(test_x)


def flaml():
    from flaml import AutoML

    model = AutoML()
    model.fit(
        categorical(train_x),
        train_y,
        task="regression" if task == "regression" else "classification",
        metric={"auc": "roc_auc", "log-loss": "log_loss", "rmse": "rmse"}[metric],
        time_budget=seconds,
        n_jobs=2,
        seed=1,
        verbose=0,
    )
    if task == "regression":
        return None, model.predict(categorical(test_x))
    return model.classes_, model.predict_proba(categorical(test_x))


def autogluon():
    import tempfile

    from autogluon.tabular import TabularPredictor

    def fitted(**options):
        return TabularPredictor(
            label=target,
            problem_type=task,
            path=tempfile.mkdtemp(dir=folder),
            eval_metric={"auc": "roc_auc", "log-loss": "log_loss", "rmse": "rmse"}[metric],
            verbosity=0,
        ).fit(
            train_x.assign(**{target: train_y}), presets="best_quality", time_limit=seconds, num_cpus=2, **options
        )

    with tempfile.TemporaryDirectory() as folder:
        try:
            model = fitted()
        except AssertionError:
            # Version 1.6 fails on some tables where its trial for leaks (a quarter of the time) ends without a model.
            global start
            start = time.perf_counter()
            model = fitted(dynamic_stacking=False)
        if task == "regression":
            return None, model.predict(test_x)
        predicted = model.predict_proba(test_x)
        return list(predicted.columns), predicted.to_numpy()


start = time.perf_counter()
value = score(*{"lightgbm": lightgbm, "sklearn": sklearn, "flaml": flaml, "autogluon": autogluon}[peer]())
print(json.dumps({"value": value, "seconds": time.perf_counter() - start}))
