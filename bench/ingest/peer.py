"""One run of the peer: `python peer.py FILE [ENGINE]` prints seconds and peak memory as JSON."""
import json
import resource
import sys
import time

import pandas as pd

start = time.perf_counter()
frame = pd.read_csv(sys.argv[1], engine=sys.argv[2] if len(sys.argv) > 2 else None)
read = time.perf_counter()
frame.describe(include="all")
for name in frame.columns:
    frame[name].value_counts()
done = time.perf_counter()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "total": done - start,
    "seconds": {"read_csv": read - start, "describe and value_counts": done - read},
    "cpu": usage.ru_utime + usage.ru_stime,
    "peakMB": usage.ru_maxrss / 1024,
    "rows": len(frame),
}))
