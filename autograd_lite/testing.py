"""Checks for derivatives: finite differences, and random numbers, programs and networks for property tests.

The strategies need hypothesis, once they are used: ``pip install "autograd_lite[test]"``.
"""

from autograd_lite._differences import FiniteDifference, check_gradients, finite_difference
from autograd_lite._primitive import Interval
from autograd_lite._strategies import Expression, expressions, floats_in, mlps

__all__ = [
    "Expression",
    "FiniteDifference",
    "Interval",
    "check_gradients",
    "expressions",
    "finite_difference",
    "floats_in",
    "mlps",
]
