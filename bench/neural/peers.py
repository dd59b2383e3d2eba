"""Processor milliseconds of a step in PyTorch. Usage: peers.py STEPS BATCH WIDTH... (input, hidden..., output)"""
import sys
import time

import torch

torch.set_num_threads(1)
steps, batch, *widths = map(int, sys.argv[1:])
layers = []
for before, after in zip(widths, widths[1:]):
    layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
net = torch.nn.Sequential(*layers[:-1])
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
rows = 3000
x, y = torch.randn(rows, widths[0]), torch.randn(rows, widths[-1])


def run(count):
    for _ in range(count):
        batch_rows = torch.randint(0, rows, (batch,))
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(x[batch_rows]), y[batch_rows]).backward()
        optimizer.step()


run(20)
start = time.process_time()
run(steps)
print((time.process_time() - start) * 1000 / steps)
