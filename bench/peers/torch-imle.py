"""Times I-MLE steps of torch-imle, from the copy that TORCH_IMLE names: see pytorch.py, which has the loop."""

import json
import os
import sys

sys.path.insert(0, os.environ["TORCH_IMLE"])

import pytorch
import torch
from imle.wrapper import imle
from imle.noise import SumOfGammaNoiseDistribution
from imle.target import TargetDistribution


def imle_step(batch, n, k, samples):
    theta = torch.zeros(batch, n, device=pytorch.device, requires_grad=True)
    gradient = torch.randn(batch, n, device=pytorch.device)
    solve = imle(
        lambda weights: pytorch.mask(weights, k),
        target_distribution=TargetDistribution(alpha=1.0, beta=10.0),
        noise_distribution=SumOfGammaNoiseDistribution(k=k, nb_iterations=10, device=pytorch.device),
        nb_samples=samples,
    )

    def step():
        theta.grad = None
        z = solve(theta)
        z.backward(gradient.repeat(z.shape[0] // batch, 1))
        return z.detach()

    return step


pytorch.imle_step = imle_step
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    print(json.dumps(pytorch.answer(json.loads(line))), flush=True)
