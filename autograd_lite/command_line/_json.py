"""Results as JSON: with what it lacks as strings, and as plain ASCII where the output cannot show more."""

import json
import math
import sys
from typing import Any


def as_json(data: Any) -> str:
    """The text of plain data; infinities and NaNs become strings that float() reads.

    Examples
    --------
    >>> print(as_json({"w": 0.5, "x": float("inf")}))
    {
      "w": 0.5,
      "x": "Infinity"
    }
    """
    ensure_ascii = not is_printable("\N{GRINNING FACE}")
    return json.dumps(_strict(data), indent=2, ensure_ascii=ensure_ascii, allow_nan=False)


def is_printable(text: str) -> bool:
    """Whether standard output can show a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _strict(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _strict(x) for name, x in data.items()}
    if isinstance(data, list | tuple):
        return [_strict(x) for x in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    return data
