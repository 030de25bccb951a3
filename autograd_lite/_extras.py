"""Optional packages, imported where they are used."""

from importlib import import_module
from typing import Any


def import_extra(module: str, extra: str) -> Any:
    """Import `module`, or say with which command it is installed."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        command = f'pip install "autograd_lite[{extra}]"'
        raise ImportError(f"this needs {package}, which is not installed: {command}") from error
