"""Runs a bundle with Python's onnxruntime, unchanged: python predict.py BUNDLE_FOLDER ROWS.json

Checks the model with onnx's own checker (shapes and types included), reads rows whose values are already in
the kinds of the manifest, and prints the model's outputs as JSON.
"""

import datetime
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

TYPES = {"float32": numpy.float32, "float64": numpy.float64, "int64": numpy.int64, "string": object}
MISSING_TIME = numpy.iinfo(numpy.int64).min


def encode(kind, width, value):
    if kind in ("category", "text", "id"):
        return "" if value is None else value
    if kind == "datetime":
        if value is None:
            return MISSING_TIME
        return round(datetime.datetime.fromisoformat(value).timestamp() * 1000)
    if kind == "vector":
        return [float("nan")] * width if value is None else value
    return float("nan") if value is None else float(value)


def main(folder, rows_path):
    folder = pathlib.Path(folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    rows = json.loads(pathlib.Path(rows_path).read_text("utf-8"))
    onnx.checker.check_model(onnx.load(folder / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes())
    feeds = {}
    for port in manifest["graphInputs"]:
        values = [encode(port["kind"], port["width"], row.get(port["column"])) for row in rows]
        feeds[port["tensor"]] = numpy.array(values, TYPES[port["type"]]).reshape(len(rows), port["width"])
    names = [output.name for output in session.get_outputs()]
    results = dict(zip(names, session.run(names, feeds)))
    print(json.dumps({name: value.tolist() for name, value in results.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
