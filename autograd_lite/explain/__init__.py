"""The chain rule of a derivative, written out with symbols and with numbers."""

from autograd_lite.explain._explain import Explanation, Factor, Path, Quantity, explain

__all__ = ["Explanation", "Factor", "Path", "Quantity", "explain"]
