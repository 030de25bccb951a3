"""Saves models over and over until it is killed, at 50 moments, and looks whether a whole file is there.

The k-th model has the weights k, k, ...; started by test_saving.py with the file's name.
"""

import os
import signal
import sys
import time

import numpy as np

from autograd_lite.nn import MLP
from autograd_lite.training import load, save

KILLS, WIDTH = 50, 40


def model_of(k: float) -> MLP:
    return MLP(2, [WIDTH, 1], init=lambda rng, n, m: np.full((n, m), float(k)))


def save_for_ever(path: str, k: int) -> None:
    model = model_of(0)
    while True:
        k += 1
        for layer in model.layers:
            for neuron in layer.neurons:
                for p in neuron.w:
                    p.data = float(k)
        save(path, model)


def main(path: str) -> None:
    save(path, model_of(1))
    delays = np.random.default_rng(0).uniform(0.0, 0.06, size=KILLS)
    found = [1]
    for delay in delays.tolist():
        child = os.fork()
        if not child:
            save_for_ever(path, found[-1])
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        weights = {p.data for p in load(path, model_of(0)).model.weights()}
        assert len(weights) == 1, f"a file of several models: {weights}"
        found.append(int(weights.pop()))
        assert found[-1] >= found[-2], "an older file came back"
    litter = [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".tmp")]
    print(f"{KILLS} kills, {len(set(found))} different files, {len(litter)} while one was being written")


if __name__ == "__main__":
    main(sys.argv[1])
