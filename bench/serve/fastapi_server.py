"""The peer: FastAPI and onnxruntime on the same graph, one worker, uvloop and httptools.

Usage: fastapi_server.py MODEL MANIFEST pydantic|plain. Prints its address.
"""

import json
import socket
import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import create_model

model_path, manifest_path, style = sys.argv[1:4]
manifest = json.load(open(manifest_path))
graph_inputs = manifest["graphInputs"]
classes = manifest["outputs"]["classes"]

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(model_path, options, providers=["CPUExecutionProvider"])
app = FastAPI()


def predict(rows):
    feeds = {}
    for item in graph_inputs:
        name = item["column"]
        if item["type"] == "string":
            values = [["" if row[name] is None else row[name]] for row in rows]
            feeds[item["tensor"]] = np.array(values, dtype=object)
        else:
            feeds[item["tensor"]] = np.array([[row[name]] for row in rows], dtype=np.float32)
    labels, probabilities = session.run(["label", "probabilities"], feeds)
    return [
        {"label": label, "probabilities": dict(zip(classes, values))}
        for label, values in zip(labels.tolist(), probabilities.tolist())
    ]


if style == "pydantic":
    fields = {
        item["column"]: ((str | None) if item["type"] == "string" else (float | None), ...)
        for item in graph_inputs
    }
    Row = create_model("Row", **fields)
    Prediction = create_model("Prediction", label=(str, ...), probabilities=(dict[str, float], ...))
    Answer = create_model("Answer", model=(str, ...), version=(int, ...), predictions=(list[Prediction], ...))

    @app.post("/predict/adult", response_model=Answer)
    async def predict_typed(row: Row):
        return {"model": "adult", "version": 1, "predictions": predict([row.__dict__])}

else:

    @app.post("/predict/adult")
    async def predict_plain(request: Request):
        answer = {"model": "adult", "version": 1, "predictions": predict([json.loads(await request.body())])}
        return Response(json.dumps(answer), media_type="application/json")


server = uvicorn.Server(
    uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
server.run(sockets=[listener])
