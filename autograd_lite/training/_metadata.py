"""What else a file says about a model: plain data as one JSON text, checked on the way in and out."""

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_CHARACTERS, MAX_DEPTH = 2**24, 100


def metadata_text(metadata: Any) -> str:
    """The text of a mapping that comes back from it as it is; raises TypeError or ValueError for others."""
    if not isinstance(metadata, Mapping):
        raise TypeError(
            f"expected a dict of what should be known about the model as metadata, but got {metadata!r}"
        )
    _check(metadata)
    # A text of its own, in which nothing can look like the name of an array.
    text = json.dumps(_plain(metadata))
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"expected metadata of at most {MAX_CHARACTERS} characters in JSON, but got {len(text)}"
        )
    return text


def metadata_of(text: Any) -> dict[str, Any]:
    """The mapping that a file's text says; raises some error if there is none."""
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        raise ValueError("the metadata are no text, or longer than save writes them")
    metadata = json.loads(text)
    if not isinstance(metadata, dict):
        raise ValueError("the metadata are no dict")
    _check(metadata)
    return metadata


def _check(metadata: Any) -> None:
    """Raise an error that names the place of the first thing that JSON does not have."""
    stack, n = [("metadata", metadata, 1)], 0
    while stack:
        place, x, depth = stack.pop()
        n += 1
        if n > MAX_CHARACTERS:  # a list may hold another one many times, which may do that in its turn
            raise ValueError(f"expected at most {MAX_CHARACTERS} things in metadata, but got more")
        if depth > MAX_DEPTH:
            raise ValueError(
                f"expected metadata of at most {MAX_DEPTH} levels, but got more: {place[:60]}..."
            )
        if isinstance(x, Mapping):
            for key in x:
                if type(key) is not str:
                    raise TypeError(f"expected texts as keys of {place}, but got {key!r}")
            stack += [(f"{place}[{key!r}]", x[key], depth + 1) for key in x]
        elif type(x) is list:
            stack += [(f"{place}[{k}]", each, depth + 1) for k, each in enumerate(x)]
        elif type(x) is float and not math.isfinite(x):
            raise ValueError(f"expected finite numbers in metadata, but {place} is {x}")
        elif x is not None and type(x) not in (str, int, float, bool):
            raise TypeError(
                f"expected texts, numbers, booleans, None, lists and dicts in metadata, but {place} is {x!r}"
            )


def _plain(x: Any) -> Any:
    """The same with a dict for every mapping, which JSON takes."""
    if isinstance(x, Mapping):
        return {key: _plain(each) for key, each in x.items()}
    return [_plain(each) for each in x] if isinstance(x, list) else x
