"""The machine that measures and what is installed on it, as far as they matter to the numbers."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = ("numpy", "torch", "jax", "casadi", "xad", "micrograd", "scikit-learn")


def description() -> str:
    """A list in Markdown."""
    peers = ", ".join(f"{name} {number}" for name in PEERS if (number := _version(name)))
    lines = (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} on {platform.machine()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        peers,
        f"NumPy with {_blas()}, on one thread",
    )
    return "\n".join(f"- {line}" for line in lines)


def _processor() -> str:
    """The name of the processor, where the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "an unknown processor"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _blas() -> str:
    import numpy as np

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"
