"""ONNX's own backend test set (onnx 1.23.2), as folders and as a small choice of it.

python record.py FOLDER              writes every case to FOLDER/KIND/NAME: model.onnx and
                                     test_data_set_0/{input,output}_N.pb, as `backend-set.heavy.test.ts` does;
python record.py FOLDER cases.json   and a file of, for each op, its first case that is small.
"""
import base64
import json
import os
import shutil
import sys

import onnx
import onnx.backend.test
import onnx.backend.test.case.model as models
import onnx.backend.test.case.node as nodes
from onnx import numpy_helper

CASE_BYTES = 1400


def encoded(value, info):
    if isinstance(value, onnx.TensorProto):
        return value.SerializeToString()
    kind = info.type.WhichOneof("value")
    encode = {
        "map_type": numpy_helper.from_dict,
        "sequence_type": numpy_helper.from_list,
        "optional_type": numpy_helper.from_optional,
        "tensor_type": numpy_helper.from_array,
    }[kind]
    return encode(value, info.name).SerializeToString()


def parts(case):
    inputs, outputs = case.data_sets[0]
    graph = case.model.graph
    return (
        case.model.SerializeToString(),
        [encoded(value, info) for value, info in zip(inputs, graph.input)],
        [encoded(value, info) for value, info in zip(outputs, graph.output)],
    )


def write(folder, model, inputs, outputs):
    data = os.path.join(folder, "test_data_set_0")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(data)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(model)
    for kind, tensors in (("input", inputs), ("output", outputs)):
        for index, tensor in enumerate(tensors):
            with open(os.path.join(data, f"{kind}_{index}.pb"), "wb") as file:
                file.write(tensor)


def main(folder, small_cases=None):
    cases = [case for case in nodes.collect_testcases(None) if case.model]
    cases += [case for case in models.collect_testcases() if case.kind == "simple"]
    chosen = {}
    for case in cases:
        model, inputs, outputs = parts(case)
        write(os.path.join(folder, case.kind, case.name), model, inputs, outputs)
        graph = case.model.graph
        operator = graph.node[0].op_type
        small = sum(map(len, [model, *inputs, *outputs])) <= CASE_BYTES
        tensors = all(info.type.HasField("tensor_type") for info in [*graph.input, *graph.output])
        if small and tensors and len(graph.node) == 1 and operator not in chosen:
            text = lambda data: base64.b64encode(data).decode()
            chosen[operator] = {
                "name": case.name,
                "model": text(model),
                "inputs": [text(data) for data in inputs],
                "outputs": [text(data) for data in outputs],
            }
    source = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data")
    for kind in os.listdir(source):
        if kind not in ("node", "simple"):
            shutil.copytree(os.path.join(source, kind), os.path.join(folder, kind), dirs_exist_ok=True)
    if small_cases:
        with open(small_cases, "w") as file:
            json.dump({"onnx": onnx.__version__, "cases": list(chosen.values())}, file, indent=0)
    print(len(cases), "cases,", len(chosen), "kept")


if __name__ == "__main__":
    main(*sys.argv[1:])
