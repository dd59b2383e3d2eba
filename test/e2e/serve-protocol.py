"""An independent client of the Open Inference Protocol. Usage: serve-protocol.py HOST:PORT MODEL. Prints JSON."""

import json
import sys

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

address, model = sys.argv[1:3]
client = http.InferenceServerClient(address)
metadata = client.get_model_metadata(model)
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
    tensor = http.InferInput(port["name"], list(array.shape), port["datatype"])
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


inputs = [infer_input(port) for port in metadata["inputs"]]
outputs = [http.InferRequestedOutput(port["name"], binary_data=False) for port in metadata["outputs"]]
result = client.infer(model, inputs, model_version=version, outputs=outputs, request_id="9007199254740993")
everything = client.infer(model, inputs)
# Binary tensors, the client's own default, in and out.
binary = client.infer(model, [infer_input(port, binary=True) for port in metadata["inputs"]])
try:
    client.infer("nobody", inputs)
    refusal = None
except InferenceServerException as error:
    refusal = [error.status(), error.message()]

print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "modelReady": client.is_model_ready(model, version),
            "unknownReady": client.is_model_ready("nobody"),
            "server": client.get_server_metadata()["name"],
            "id": result.get_response()["id"],
            "version": result.get_response()["model_version"],
            "labels": result.as_numpy("label").tolist(),
            "probabilities": result.as_numpy("probabilities").tolist(),
            "sameWithoutOutputs": everything.as_numpy("probabilities").tolist() == result.as_numpy("probabilities").tolist(),
            "binary": [[label.decode() for label in binary.as_numpy("label")], binary.as_numpy("probabilities").tolist()],
            "refusal": refusal,
        }
    )
)
