"""An independent client of the Open Inference Protocol. Usage: serve-protocol.py http|grpc HOST:PORT MODEL. Prints JSON."""

import json
import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

protocol, address, model = sys.argv[1:4]
is_grpc = protocol == "grpc"
library = tritonclient.grpc if is_grpc else tritonclient.http
client = library.InferenceServerClient(address)
as_json = {"as_json": True} if is_grpc else {}
metadata = client.get_model_metadata(model, **as_json)
version = metadata["versions"][0]

VALUES = {
    "age": [[30], [40]],
    "balance": [[1_000_000_001], [1_000_000_002]],
    "member": [[1], [0]],
    "city": [["北京"], ["Lyon"]],
    "since": [[1_577_923_200_000], [-(2**63)]],
    "place": [[1, 2], [3, 4]],
}
NUMPY = {"FP32": np.float32, "FP64": np.float64, "INT64": np.int64, "BYTES": object}


def infer_input(port, binary=False):
    values = VALUES.get(port["name"], [["good"], [""]])
    array = np.array(values, dtype=NUMPY[port["datatype"]])
    tensor = library.InferInput(port["name"], list(array.shape), port["datatype"])
    if not is_grpc:
        tensor.set_data_from_numpy(array, binary_data=binary)
    elif binary:
        # gRPC has raw bytes for all tensors, or typed contents.
        tensor.set_data_from_numpy(array)
    else:
        typed_contents(tensor._get_tensor().contents, port["datatype"], array)
    return tensor


def typed_contents(contents, datatype, array):
    flat = array.reshape(-1).tolist()
    if datatype == "FP32":
        contents.fp32_contents.extend(flat)
    elif datatype == "FP64":
        contents.fp64_contents.extend(flat)
    elif datatype == "INT64":
        contents.int64_contents.extend(flat)
    else:
        contents.bytes_contents.extend(text.encode() for text in flat)


def texts(array):
    return [text.decode() if isinstance(text, bytes) else text for text in array.reshape(-1).tolist()]


def probabilities(result):
    output = result.get_output("probabilities")
    if not is_grpc or not output.contents.fp32_contents:
        return result.as_numpy("probabilities").tolist()
    # The client itself reads raw contents only.
    return np.array(output.contents.fp32_contents, np.float32).reshape(list(output.shape)).tolist()


def labels(result):
    output = result.get_output("label")
    if is_grpc and output.contents.bytes_contents:
        return [text.decode() for text in output.contents.bytes_contents]
    return texts(result.as_numpy("label"))


def requested(name):
    if is_grpc:
        return library.InferRequestedOutput(name)
    return library.InferRequestedOutput(name, binary_data=False)


inputs = [infer_input(port) for port in metadata["inputs"]]
outputs = [requested(port["name"]) for port in metadata["outputs"]]
result = client.infer(model, inputs, model_version=version, outputs=outputs, request_id="9007199254740993")
everything = client.infer(model, inputs)
# Binary tensors, the client's own default, in and out.
binary = client.infer(model, [infer_input(port, binary=True) for port in metadata["inputs"]])
try:
    client.infer("nobody", inputs)
    refusal = None
except InferenceServerException as error:
    refusal = [error.status(), error.message()]
response = result.get_response(as_json=True) if is_grpc else result.get_response()

print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "modelReady": client.is_model_ready(model, version),
            "unknownReady": client.is_model_ready("nobody"),
            "server": client.get_server_metadata(**as_json)["name"],
            "id": response["id"],
            "version": response["model_version"],
            "labels": labels(result),
            "probabilities": probabilities(result),
            "sameWithoutOutputs": probabilities(everything) == probabilities(result),
            "binary": [labels(binary), probabilities(binary)],
            "refusal": refusal,
        }
    )
)
