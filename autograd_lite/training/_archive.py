"""A tree of dicts, lists, numbers and arrays as a file: a .npz archive, without pickle."""

import json
import math
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT, VERSION = "autograd_lite.training", 1
TEXT = "about"  # The entry that holds the tree.
# What stands in the text for an array, with the array's name.
ARRAY = "array of this file"
# What a file may hold, in bytes: a small archive could otherwise unpack to more than the memory. A million
# parameters with an optimizer and a history need a tenth of it.
MAX_TEXT, MAX_BYTES = 2**28, 2**30
HEADER = 256  # What a file may have before the numbers of an array, and more than `write` puts there.
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


def reread(tree: Any) -> Any:
    """A tree as it comes out of the file that it is written to."""
    arrays: dict[str, NDArray[Any]] = {}
    text = json.dumps(_without_arrays(tree, arrays))
    return _with_arrays(json.loads(text), arrays)


class _Members(dict[str, NDArray[Any]]):
    """The arrays of an archive, each of which is read when it is first asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        super().__init__()
        self.archive = archive
        self.left = MAX_BYTES

    def __missing__(self, name: str) -> NDArray[Any]:
        info = self.archive.getinfo(f"{name}.npy")
        largest = min(self.left, MAX_TEXT) if name == TEXT else self.left
        if info.file_size > largest:
            raise ValueError(f"the entry {name!r} has {info.file_size} bytes, and {largest} are allowed")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"the entry {name!r} is compressed in a way that save does not use")
        self.left -= info.file_size
        # It has no more bytes than the directory says, whatever they unpack to.
        stream = BytesIO(self.archive.read(info))
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"the entry {name!r} is of another version of NumPy's format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        if math.prod(shape) * dtype.itemsize != info.file_size - stream.tell():
            raise ValueError(f"the entry {name!r} does not have the size that its beginning says")
        stream.seek(0)
        self[name] = np.lib.format.read_array(stream, allow_pickle=False)
        return self[name]


def content_of(data: bytes) -> Any:
    """A file as a tree of dicts, lists, numbers and arrays; what nothing refers to is not read."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        arrays = _Members(archive)
        content = json.loads(arrays[TEXT].tobytes())
        if content["format"] != FORMAT:
            raise ValueError(f"its format is called {content['format']!r}")
        version = content["version"]
        if type(version) is not int or version < 1:
            raise ValueError(f"its version is {version!r}")
        if version > VERSION:
            raise NewerError(
                f"expected a file of version {VERSION} or before, but got one of version {version}: a newer "
                "autograd_lite wrote it"
            )
        return _with_arrays(content, arrays)


def file_at(path: PathLike) -> Path:
    """Where to write: behind a symbolic link, too."""
    file = Path(os.path.realpath(path))
    if file.is_dir():
        raise IsADirectoryError(f"expected the name of a file to save to, but {str(path)!r} is a folder")
    if os.path.lexists(file) and not file.is_file():
        raise OSError(
            f"expected the name of a file to save to, but {str(path)!r} is a device, a pipe, a socket or a "
            "link to itself: choose another name"
        )
    if not file.parent.is_dir():
        raise FileNotFoundError(f"expected a folder to save in, but there is no {str(file.parent)!r}")
    return file


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Write an archive next to the file, and put it in its place, with its permissions, when it is whole."""
    arrays: dict[str, NDArray[Any]] = {}
    tree = _without_arrays({"format": FORMAT, "version": VERSION, **content}, arrays)
    arrays[TEXT] = np.frombuffer(json.dumps(tree).encode(), np.uint8)
    _require_size(arrays)
    temporary = file.with_name(f".autograd_lite-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            if file.exists():
                shutil.copymode(file, temporary)
            with zipfile.ZipFile(stream, "w") as archive:
                for name, array in arrays.items():
                    # With a date of its own, so that the same model makes the same file.
                    member = zipfile.ZipInfo(f"{name}.npy")
                    member.compress_type = zipfile.ZIP_DEFLATED
                    with archive.open(member, "w", force_zip64=True) as entry:
                        np.lib.format.write_array(entry, array, version=(1, 0), allow_pickle=False)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(file.parent)


def _require_size(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise ValueError for more than can be read again."""
    sizes = {name: array.nbytes + HEADER for name, array in arrays.items()}
    for what, size, largest in (
        ("bytes of text", sizes[TEXT], MAX_TEXT),
        ("bytes", sum(sizes.values()), MAX_BYTES),
    ):
        if size > largest:
            raise ValueError(f"expected at most {largest} {what} to save, but got {size}: save less at once")


def _sync_folder(folder: Path) -> None:
    """Let the new name outlive a power cut, where the system and the file system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
