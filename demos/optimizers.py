"""Down a curved valley: gradient descent, momentum, Nesterov, RMSprop and Adam from the same start.

The lesson of "Backpropagation - Core Idea" in the uOttawa lecture, θ ← θ - α ∇J(θ), and of the "Advanced
optimizers" that the SUTD lecture announces. The function is Rosenbrock's banana, written in scalars and
differentiated by the engine. Each method has the learning rate, out of RATES, that suits it best.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograd_lite import compile, value_and_grad
from autograd_lite.optim import SGD, Adam, ExponentialDecay, RMSprop

OUTPUT = Path(__file__).parent / "output" / "optimizers"
START, MINIMUM = np.array([-1.5, 1.0]), np.array([1.0, 1.0])
TOLERANCE, STEPS = 0.01, 1000
RATES = [a * 10.0**b for b in (-3, -2, -1) for a in (1, 2, 5)]
METHODS = {
    "SGD": SGD,
    "SGD, momentum 0.9": lambda lr: SGD(lr, momentum=0.9),
    "SGD, Nesterov 0.9": lambda lr: SGD(lr, momentum=0.9, nesterov=True),
    "RMSprop": lambda lr: RMSprop(lr, alpha=0.9),
    "RMSprop, lr · 0.99^step": lambda lr: RMSprop(ExponentialDecay(lr, 0.99), alpha=0.9),
    "Adam": Adam,
}


def banana(theta):
    """A valley along y = x², steep across and nearly flat along, with its minimum 0 at (1, 1)."""
    x, y = theta
    return (1 - x) ** 2 + 10 * (y - x**2) ** 2


def descend(gradient, optimizer):
    """The points of STEPS steps, or of those before the method jumps out of the valley."""
    path = [START]
    for step in range(STEPS):
        theta = optimizer.update(path[-1], gradient(path[-1]), step)
        if abs(theta).max() > 10:
            break
        path.append(theta)
    return np.array(path)


def steps_needed(path):
    """After how many steps the path is near the minimum and stays there; infinite if it never does."""
    is_far = np.linalg.norm(path - MINIMUM, axis=1) > TOLERANCE
    return np.inf if len(path) <= STEPS or is_far[-1] else int(np.flatnonzero(is_far)[-1]) + 1


def paths_on_contours(chosen) -> Figure:
    """Each method's path, a dot for each step, on the lines of equal height."""
    x, y = np.meshgrid(np.linspace(-2.0, 2.0, 500), np.linspace(-1.0, 3.0, 500))
    height = banana((x, y))
    figure = Figure(figsize=(10, 6.6), layout="constrained")
    for axes, (name, (lr, path)) in zip(
        figure.subplots(2, 3, sharex=True, sharey=True).flat, chosen.items(), strict=True
    ):
        axes.contour(x, y, height, levels=np.geomspace(0.1, 100, 10), colors="0.75", linewidths=0.8)
        axes.plot(*path.T, ".-", color="#5E3C99", linewidth=1, markersize=4, label="a step")
        axes.plot(*START, "o", color="black", label="start")
        axes.plot(*MINIMUM, "*", color="#B35806", markersize=14, label="minimum")
        axes.set(title=f"{name}\nlr {lr:g}, {steps_needed(path)} steps", xlim=(-2, 2), ylim=(-1, 3))
    figure.supxlabel("x")
    figure.supylabel("y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def main() -> None:
    value_and_gradient = compile(value_and_grad(banana))
    height, slope = value_and_gradient(START)
    print(f"f(x, y) = (1 - x)² + 10 (y - x²)², at the start {START} f = {height:.3f} and ∇f = {slope}")
    print(f"\nsteps until it is within {TOLERANCE} of the minimum for good, with the best learning rate")
    chosen = {}
    for name, method in METHODS.items():
        paths = {lr: descend(lambda theta: value_and_gradient(theta)[1], method(lr)) for lr in RATES}
        lr = min(RATES, key=lambda lr: steps_needed(paths[lr]))
        chosen[name] = lr, paths[lr]
        n, good = steps_needed(paths[lr]), sum(steps_needed(path) < np.inf for path in paths.values())
        print(f"{name:24} lr {lr:5g}   {n:3} steps   {good} of {len(RATES)} rates get there")

    print("Momentum carries it along the valley, in which the gradient is small; SGD has to creep there.")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    paths_on_contours(chosen).savefig(OUTPUT / "paths.png", dpi=150)
    print(f"wrote {OUTPUT / 'paths.png'}")


if __name__ == "__main__":
    main()
