"""Backpropagation as a page to step through."""

from autograd_lite.animation._animate import animate

__all__ = ["animate"]
