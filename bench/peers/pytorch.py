"""Times tasks in PyTorch. Reads a task a line as JSON, answers each with {"times": [milliseconds, ...]}."""

import json
import sys
import time

import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait():
    if device.type == "cuda":
        torch.cuda.synchronize()


def unit(task):
    if task["task"] == "matmul":
        a = torch.randn(task["rows"], task["inner"], device=device)
        b = torch.randn(task["inner"], task["columns"], device=device)
        return lambda: a @ b
    theta = torch.randn(task["batch"], task["n"], device=device)
    return lambda: torch.zeros_like(theta).scatter_(1, theta.topk(task["k"], 1, sorted=False).indices, 1.0)


print(json.dumps({"version": torch.__version__, "device": device.type}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    work = unit(task)
    with torch.no_grad():
        for _ in range(3):
            work()
        wait()
        times = []
        ending = time.perf_counter() + task["budget"] / 1000
        # Several in a row on a GPU, whose wait would be what is measured.
        repeats = 20 if device.type == "cuda" else 1
        while len(times) < 5 or (time.perf_counter() < ending and len(times) < 1000):
            started = time.perf_counter()
            for _ in range(repeats):
                work()
            wait()
            times.append((time.perf_counter() - started) * 1000 / repeats)
    print(json.dumps({"times": times}), flush=True)
