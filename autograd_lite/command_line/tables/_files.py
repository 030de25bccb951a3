"""The folder that `train` writes: all of its files or none, and nobody else's are touched."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from autograd_lite.command_line.tables._encoding import encoding_of, has_encoding
from autograd_lite.training import load

UNFINISHED = ".autograd_lite-"
MODEL, CURVES, REPORT = "model.npz", "curves.svg", "report.html"


def require_folder(folder: Path, data: Path, target: str) -> bool:
    """Whether a folder has what `train` wrote earlier of these data and this target.

    Raises an error if it has something else, or is none.
    """
    if not folder.parent.is_dir():
        raise FileNotFoundError(
            f"expected a place for the folder {str(folder)!r}, but there is no {str(folder.parent)!r}: "
            "make it first"
        )
    if folder.is_symlink() and not folder.exists():
        raise FileNotFoundError(
            f"expected a folder to write to, but {str(folder)!r} is a link to nothing: choose another name "
            "with -o"
        )
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"expected a folder to write to, but {str(folder)!r} is a file: choose another name with -o"
        )
    # What begins so is left of a training that was killed.
    if not folder.exists() or all(file.name.startswith(UNFINISHED) for file in folder.iterdir()):
        return False
    earlier = _metadata(folder / MODEL)
    if earlier is None:
        raise ValueError(
            f"expected a new or an empty folder, or one that train wrote, but {str(folder)!r} has other "
            "files: choose another one with -o"
        )
    of, name = encoding_of(earlier).target, earlier.get("data", data.name)
    if (of, name) != (target, data.name):
        words = "_".join([data.stem, *re.findall(r"\w+", target), "model"])
        raise ValueError(
            f"expected a folder for a model of {target!r} in {data.name!r}, but {str(folder)!r} has one of "
            f"{of!r} in {name!r}, which would be lost: pass -o {quote(words)} or remove it"
        )
    return True


@contextmanager
def written_at_once(folder: Path) -> Iterator[Path]:
    """A context with a place to write to, whose files become the folder's if it ends without an error."""
    is_new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as place:
            yield Path(place)
            for name in (MODEL, CURVES, REPORT):
                if (Path(place) / name).exists():
                    (Path(place) / name).replace(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)  # of an earlier training
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _metadata(model: Path) -> dict[str, Any] | None:
    """What a model says that `train` wrote; None for others."""
    try:
        metadata = load(model).metadata
        if metadata is None or not has_encoding(metadata):
            return None
        encoding_of(metadata)
    except (OSError, ValueError):
        return None
    return metadata
