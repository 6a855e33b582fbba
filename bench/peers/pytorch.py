"""Times tasks in PyTorch. Reads a task a line as JSON, answers each with {"times": [ms, ...], "last": [...]}."""

import json
import math
import sys
import time

import torch

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait():
    if device.type == "cuda":
        torch.cuda.synchronize()


def numbers(shape, seed):
    """The numbers from 1 to 2 that all peers take: the generator of Numerical Recipes, twice as many at each round."""
    factor, term = 1664525, 1013904223
    states = torch.tensor([(seed * factor + term) & 0xFFFFFFFF])
    while len(states) < math.prod(shape):
        states = torch.cat([states, (states * factor + term) & 0xFFFFFFFF])
        factor, term = factor * factor & 0xFFFFFFFF, (factor * term + term) & 0xFFFFFFFF
    values = 1 + (states[: math.prod(shape)] >> 8).double() / 2**24
    return values.float().reshape(shape).to(device)


def mask(theta, k):
    return torch.zeros_like(theta).scatter_(-1, theta.topk(k, -1, sorted=False).indices, 1.0)


def sum_of_gamma(shape, k, s=10):
    """Sum-of-Gamma noise of s terms (Niepert et al. 2021, Eq. 13): Gamma of shape 1/k and scale k/i."""
    total = torch.zeros(shape, device=device)
    concentration = torch.full(shape, 1 / k, device=device)
    for i in range(1, s + 1):
        total += torch._standard_gamma(concentration) * (k / i)
    return (total - math.log(s)) / k


class Imle(torch.autograd.Function):
    """The mean of perturbed top-k masks; backward by Implicit MLE with alpha 1 and lambda 10."""

    @staticmethod
    def forward(context, theta, k, samples):
        noise = sum_of_gamma((theta.shape[0], samples, theta.shape[1]), k)
        z = mask(theta[:, None] + noise, k).mean(1)
        context.save_for_backward(theta, noise, z)
        context.k = k
        return z

    @staticmethod
    def backward(context, gradient):
        theta, noise, z = context.saved_tensors
        target = (theta - 10 * gradient)[:, None] + noise
        return z - mask(target, context.k).mean(1), None, None


def imle_step(batch, n, k, samples):
    theta = torch.zeros(batch, n, device=device, requires_grad=True)
    gradient = torch.randn(batch, n, device=device)

    def step():
        theta.grad = None
        z = Imle.apply(theta, k, samples)
        z.backward(gradient)
        return z.detach()

    return step


def unit(task):
    name = task["task"]
    if name == "matmul":
        rows, inner, columns = task["rows"], task["inner"], task["columns"]
        a = numbers((inner, rows), 1).T if task["transposeA"] else numbers((rows, inner), 1)
        b = numbers((columns, inner), 2).T if task["transposeB"] else numbers((inner, columns), 2)
        return lambda: a @ b
    if name in ("conv2d", "conv2d-gradients"):
        sizes = (task["batch"], task["inputs"], task["side"], task["side"])
        x, w = numbers(sizes, 1), numbers((task["outputs"], task["inputs"], task["window"], task["window"]), 2)
        convolve = lambda: torch.nn.functional.conv2d(x, w, stride=task["stride"], padding=task["padding"])
        if name == "conv2d":
            return convolve
        dy = numbers(tuple(convolve().shape), 3)
        for operand in (x, w):
            operand.requires_grad_()
        return lambda: torch.autograd.grad(convolve(), (x, w), dy)[1]
    if name == "imle-top-k":
        return imle_step(task["batch"], task["n"], task["k"], task["samples"])
    if name == "top-k":
        theta = numbers((task["batch"], task["n"]), 1)
        return lambda: mask(theta, task["k"])
    x = numbers((task["rows"], task["columns"]), 1)
    if name == "add":
        y = numbers((task["rows"], task["columns"]), 2)
        return lambda: x + y
    return {
        "exp": lambda: torch.exp(x),
        "relu": lambda: torch.relu(x),
        "softmax": lambda: torch.softmax(x, 1),
        "sum": lambda: x.sum(),
        "sum-rows": lambda: x.sum(1),
        "sort": lambda: x.sort(1).values,
        "cumulative-sum": lambda: x.cumsum(1),
    }[name]


def answer(task):
    work = unit(task)
    # Only I-MLE has a gradient, and asks for it itself.
    with torch.set_grad_enabled(task["task"] == "imle-top-k"):
        for _ in range(3):
            result = work()
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
    return {"times": times, "last": result.flatten()[-task["lastCount"] :].tolist() if task["lastCount"] else []}


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__, "device": device.type}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
