"""The matrix form of a program: NumPy as one would write it by hand, with the names of the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from textwrap import wrap
from typing import Any

import numpy as np

from autograd_lite.compiler._emission import Inverse
from autograd_lite.compiler._graph import CONDITIONS, row_of
from autograd_lite.compiler._listing import listing
from autograd_lite.compiler._naming import names_of, uses_of
from autograd_lite.compiler._notation import (
    ADDED,
    ATOM,
    COMPARED,
    MULTIPLIED,
    NEGATIVE,
    POWER,
    Dims,
    Text,
    aligned,
    atom,
    broadcast,
    exactly,
    fits,
    negative,
    number,
    operation,
    product,
    spread,
    total,
    transposed,
)
from autograd_lite.compiler._program import Program
from autograd_lite.compiler._symbolic import (
    BATCHED,
    Inverse as Inverse,
)
