"""Checks for derivatives: finite differences, and random inputs, programs and networks for property tests.

The strategies need hypothesis, once they are used: ``pip install "autograd_lite[test]"``.
"""

from autograd_lite._differences import FiniteDifference, check_gradients, finite_difference

__all__ = ["FiniteDifference", "check_gradients", "finite_difference"]
