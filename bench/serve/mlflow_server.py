"""MLflow's own server on the same graph: `mlflow models serve` in this environment, one worker.

Usage: mlflow_server.py MODEL FOLDER. Logs the model, starts the server, prints its address.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import mlflow.onnx
import onnx

model_path, folder = sys.argv[1:3]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
saved = os.path.join(folder, "mlflow-model")
shutil.rmtree(saved, ignore_errors=True)
mlflow.onnx.save_model(onnx.load(model_path), saved)
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
command = ["-m", "mlflow", "models", "serve", "-m", saved, "-p", str(port), "--env-manager", "local"]
environment = {**os.environ, "MLFLOW_MODELS_WORKERS": "1"}
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
