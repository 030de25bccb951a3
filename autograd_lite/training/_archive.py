"""A tree of dicts, lists, numbers and arrays as a file: a .npz archive, without pickle."""

import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT, VERSION = "autograd_lite.training", 1
# What stands in the text for an array, with the array's name.
ARRAY = "array of this file"
PathLike = str | os.PathLike[str]


class NewerError(ValueError):
    """The file is of a version that is not known yet."""


def _without_arrays(tree: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """The same tree for JSON, with the names of the arrays, which are collected."""
    if isinstance(tree, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = tree
        return {ARRAY: name}
    if isinstance(tree, Mapping):
        return {name: _without_arrays(x, arrays) for name, x in tree.items()}
    if isinstance(tree, list | tuple):
        return [_without_arrays(x, arrays) for x in tree]
    return tree.item() if isinstance(tree, np.generic) else tree


def _with_arrays(tree: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(tree, dict):
        if tree.keys() == {ARRAY}:
            return arrays[tree[ARRAY]]
        return {name: _with_arrays(x, arrays) for name, x in tree.items()}
    return [_with_arrays(x, arrays) for x in tree] if isinstance(tree, list) else tree


def content_of(data: bytes) -> Any:
    """Everything in a file as a tree of dicts, lists, numbers and arrays."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        if (damaged := archive.testzip()) is not None:
            raise ValueError(f"{damaged} is damaged")
    with np.load(BytesIO(data), allow_pickle=False) as loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    if "about" not in arrays:
        raise ValueError("it is an archive without the entry 'about'")
    content = json.loads(arrays["about"].tobytes())
    if content["format"] != FORMAT or type(content["version"]) is not int:
        raise ValueError(f"its format is called {content['format']!r}")
    if content["version"] > VERSION:
        raise NewerError(
            f"expected a file of version {VERSION} or before, but got one of version {content['version']}: a "
            "newer autograd_lite wrote it"
        )
    return _with_arrays(content, arrays)


def file_at(path: PathLike) -> Path:
    """Where to write: behind a symbolic link, too."""
    file = Path(os.path.realpath(path))
    if file.is_dir():
        raise IsADirectoryError(f"expected the name of a file to save to, but {str(path)!r} is a folder")
    if not file.parent.is_dir():
        raise FileNotFoundError(f"expected a folder to save in, but there is no {str(file.parent)!r}")
    return file


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Write an archive next to the file, and put it in its place when it is whole."""
    arrays: dict[str, NDArray[Any]] = {}
    tree = _without_arrays({"format": FORMAT, "version": VERSION, **content}, arrays)
    arrays["about"] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    temporary = file.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            with zipfile.ZipFile(stream, "w") as archive:
                for name, array in arrays.items():
                    # With a date of its own, so that the same model makes the same file.
                    member = zipfile.ZipInfo(f"{name}.npy")
                    member.compress_type = zipfile.ZIP_DEFLATED
                    with archive.open(member, "w", force_zip64=True) as entry:
                        np.lib.format.write_array(entry, array, allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
