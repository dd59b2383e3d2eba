"""MLflow's own server on the same graph: `mlflow models serve` in this environment, one worker.

Usage: mlflow_server.py MODEL FOLDER. Saves the model, starts the server, prints its address. A model class of its own
feeds the graph, as the ONNX flavour does not take columns of texts.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import mlflow.pyfunc


class Graph(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            context.artifacts["model"], options, providers=["CPUExecutionProvider"]
        )
        self.types = {port.name: port.type for port in self.session.get_inputs()}

    def predict(self, context, model_input, params=None):
        import numpy as np

        feeds = {
            name: model_input[[name]].to_numpy(dtype=object if kind == "tensor(string)" else np.float32)
            for name, kind in self.types.items()
        }
        return self.session.run(["probabilities"], feeds)[0]


model_path, folder = sys.argv[1:3]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
saved = os.path.join(folder, "mlflow-model")
shutil.rmtree(saved, ignore_errors=True)
mlflow.pyfunc.save_model(saved, python_model=Graph(), artifacts={"model": model_path})
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
command = ["-m", "mlflow", "models", "serve", "-m", saved, "-p", str(port), "--env-manager", "local", "-w", "1"]
binaries = os.path.dirname(sys.executable)
environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"}
server = subprocess.Popen([sys.executable, *command], env=environment, stdout=subprocess.DEVNULL)
for _ in range(600):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1)
        break
    except OSError:
        time.sleep(0.1)
print(f"http://127.0.0.1:{port}", flush=True)
try:
    server.wait()
finally:
    server.terminate()
