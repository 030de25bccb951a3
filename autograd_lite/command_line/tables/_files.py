"""The folder that `train` writes: all of its files or none, and nobody else's are touched."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from autograd_lite.command_line.tables._encoding import has_encoding
from autograd_lite.training import load

UNFINISHED = ".autograd_lite-"
MODEL, CURVES, REPORT = "model.npz", "curves.svg", "report.html"


def require_folder(folder: Path) -> bool:
    """Whether a folder has what `train` wrote earlier; raises an error if it has other files, or is none."""
    if not folder.parent.is_dir():
        raise FileNotFoundError(
            f"expected a place for the folder {str(folder)!r}, but there is no {str(folder.parent)!r}: "
            "make it first"
        )
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(
            f"expected a folder to write to, but {str(folder)!r} is a file: choose another name with -o"
        )
    # What begins so is left of a training that was killed.
    if not folder.exists() or all(file.name.startswith(UNFINISHED) for file in folder.iterdir()):
        return False
    if not _is_ours(folder / MODEL):
        raise ValueError(
            f"expected a new or an empty folder, or one that train wrote, but {str(folder)!r} has other "
            "files: choose another one with -o"
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


def _is_ours(model: Path) -> bool:
    try:
        return has_encoding(load(model).metadata)
    except (OSError, ValueError):
        return False
