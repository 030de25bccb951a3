"""Records the derivatives of `functions` as JAX computes them: ``python record_calculus.py``.

Needs JAX and mpmath; the tests read the file it writes and do not need JAX. A figure of JAX is written only
if it is right to within 2e-13, by difference quotients with 150 digits in mpmath.
"""

from functools import partial
from itertools import combinations_with_replacement, product
from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from functions import FUNCTIONS, POINTS
from mpmath import mp, mpf
from recording import write

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


class Mathematics:
    """The names of autograd_lite for another library: its own functions of that name, or `others`."""

    def __init__(self, *modules, **others):
        self.modules = modules
        self.others = others

    def __getattr__(self, name):
        if name in self.others:
            return self.others[name]
        return next(getattr(module, name) for module in self.modules if hasattr(module, name))


def of_list(function):
    """A function of an array as one of a list."""
    return lambda xs: function(jnp.array(xs))


JAX = Mathematics(
    jnp,
    jax.nn,
    jax.scipy.special,
    **{name: of_list(getattr(jnp, name)) for name in ("sum", "mean", "prod", "max", "min")},
    logsumexp=of_list(jax.scipy.special.logsumexp),
    norm=of_list(jnp.linalg.norm),
    dot=lambda a, b: jnp.dot(jnp.array(a), jnp.array(b)),
    softmax=lambda xs: list(jax.nn.softmax(jnp.array(xs))),
    gelu=partial(jax.nn.gelu, approximate=False),
    sech=lambda x: 1 / jnp.cosh(x),
)


def mp_softplus(x):
    return mp.log(1 + mp.exp(x))


def mp_sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def mp_softmax(xs):
    total = mp.fsum(map(mp.exp, xs))
    return [mp.exp(x) / total for x in xs]


MPMATH = Mathematics(
    mp,
    arcsin=mp.asin,
    arccos=mp.acos,
    arctan=mp.atan,
    arctan2=mp.atan2,
    arcsinh=mp.asinh,
    arccosh=mp.acosh,
    arctanh=mp.atanh,
    abs=abs,
    exp2=lambda x: mp.power(2, x),
    log2=lambda x: mp.log(x) / mp.log(2),
    log1p=lambda x: mp.log(1 + x),
    square=lambda x: x * x,
    reciprocal=lambda x: 1 / x,
    where=lambda condition, a, b: a if condition else b,
    maximum=max,
    minimum=min,
    clip=lambda x, low, high: min(max(x, low), high),
    max=max,
    min=min,
    sum=mp.fsum,
    mean=lambda xs: mp.fsum(xs) / len(xs),
    prod=mp.fprod,
    dot=mp.fdot,
    logsumexp=lambda xs: mp.log(mp.fsum(map(mp.exp, xs))),
    softmax=mp_softmax,
    norm=lambda xs: mp.sqrt(mp.fsum(x * x for x in xs)),
    ndtr=mp.ncdf,
    sigmoid=mp_sigmoid,
    softplus=mp_softplus,
    relu=lambda x: max(x, 0),
    leaky_relu=lambda x, slope: x if x > 0 else slope * x,
    elu=lambda x, alpha: x if x > 0 else alpha * mp.expm1(x),
    gelu=lambda x: x * mp.ncdf(x),
    silu=lambda x: x * mp_sigmoid(x),
    mish=lambda x: x * mp.tanh(mp_softplus(x)),
)


def points_near(name):
    """The function's point and two in which every number is moved by up to a tenth."""
    rng = np.random.default_rng(list(name.encode()))
    yield POINTS[name]
    for _ in range(2):
        yield jax.tree.map(lambda a: a * rng.uniform(0.9, 1.1), POINTS[name])


def quotients(function, x, order):
    """The derivatives of an order at x, in the order of JAX's, as central difference quotients."""
    numbers, structure = jax.tree.flatten(x)
    step = mpf(10) ** -40

    def moved_sum(by):
        total = 0
        for signs in product((1, -1), repeat=order):
            moved = list(map(mpf, numbers))
            for sign, i in zip(signs, by, strict=True):
                moved[i] += sign * step
            results = jax.tree.leaves(function(MPMATH, structure.unflatten(moved)))
            total += prod(signs) * np.array(results, dtype=object)
        return total / (2 * step) ** order

    sums = {by: moved_sum(by) for by in combinations_with_replacement(range(len(numbers)), order)}
    return np.array([sums[tuple(sorted(by))] for by in product(range(len(numbers)), repeat=order)]).T.ravel()


def check(name, figures, exact):
    """That each of JAX's figures has its digits."""
    for got, right in zip(figures, exact, strict=True):
        # Where a derivative is 0, the quotient is some 1e-70.
        right = right if abs(right) > 1e-50 else 0
        if not abs(got - right) <= 2e-13 * abs(right):
            raise ArithmeticError(f"{name}: JAX has {got!r} for {mp.nstr(right, 20)}")


def record(name, x):
    function = FUNCTIONS[name]
    of_x = partial(function, JAX)
    derivatives = {"value": of_x, "first": jax.jacrev(of_x), "second": jax.hessian(of_x)}
    figures = {kind: jax.tree.map(float, derivative(x)) for kind, derivative in derivatives.items()}
    with mp.workdps(150):
        for order, kind in enumerate(derivatives):
            check(f"{name}, {kind}", jax.tree.leaves(figures[kind]), quotients(function, x, order))
    return {"x": x, **figures}


if __name__ == "__main__":
    write("calculus.json", {name: [record(name, x) for x in points_near(name)] for name in FUNCTIONS})
