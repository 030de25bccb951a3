"""`Picture`: a DOT graph that is drawn with or without a Graphviz installation."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import graphviz  # type: ignore[import-untyped]

PICTURES = graphviz.FORMATS - {"dot", "gv"}  # what a file name may end in

_engine_lock = threading.Lock()  # the bundled engine keeps global state
if hasattr(os, "register_at_fork"):  # a child of a fork must not wait for a thread it does not have
    os.register_at_fork(
        before=_engine_lock.acquire,
        after_in_parent=_engine_lock.release,
        after_in_child=_engine_lock.release,
    )


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A ``graphviz.Digraph`` that needs no Graphviz installation.

    The ``dot`` executable draws where there is one, otherwise the engine inside pygraphviz 2.

    Examples
    --------
    >>> picture = Picture(body=["a -> b"])
    >>> b"<svg" in picture.pipe("svg")
    True
    """

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> bytes | str:
        """Return the picture as bytes, or as text: the parameters are ``graphviz.Digraph.pipe``'s.

        Raises
        ------
        ValueError
            If the engine does not know the format.
        ImportError
            If there is neither a ``dot`` executable nor pygraphviz.
        """
        try:
            picture: bytes = super().pipe(
                format,
                renderer=renderer,
                formatter=formatter,
                neato_no_op=neato_no_op,
                quiet=quiet,
                engine=engine,
            )
        except graphviz.ExecutableNotFound:
            parts = [format or self.format, renderer or self.renderer, formatter or self.formatter]
            output = ":".join(filter(None, parts))
            picture = _bundled_engine(self.source, output, engine or self.engine, quiet)
        except graphviz.CalledProcessError as error:
            raise _refusal(format or self.format, error.stderr.decode(errors="replace")) from error
        return picture.decode(encoding) if encoding else picture

    def _repr_image_svg_xml(self) -> str:
        """The picture as a notebook displays it, no wider than the page."""
        svg = str(self.pipe("svg", encoding="utf-8", quiet=True))
        return svg.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = True,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Save the picture, with its DOT source unless `cleanup`, and return the picture's path.

        The parameters are ``graphviz.Digraph.render``'s, but no directory is made, the source is kept
        only on request, and a `filename` that ends like a picture names the picture.

        Raises
        ------
        OSError
            If a file cannot be written.
        ValueError, ImportError
            As in `pipe`.
        """
        suffix = Path(filename).suffix[1:].lower() if filename is not None else ""
        if outfile is None and suffix in PICTURES and format in (None, suffix):
            filename, outfile = None, filename
        folder = Path(self.directory if directory is None else directory)
        if outfile is not None:
            target = folder / outfile
            source = target.with_suffix(".gv") if filename is None else folder / filename
            format = format or target.suffix[1:].lower() or self.format
        else:
            source = folder / (filename or self.filename)
            suffixes = [formatter or self.formatter, renderer or self.renderer, format or self.format]
            target = Path(".".join([str(source), *filter(None, suffixes)]))
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(target)!r}.")
        if source == target and not overwrite_source:
            raise ValueError(f"picture and DOT source are both {str(target)!r}: give one another name.")
        files = [target] if cleanup or source == target else [target, source]
        for path in files:
            check_writable(path)
        picture = self.pipe(format, renderer, formatter, neato_no_op, quiet, engine=engine)
        for path, content in zip(files, [picture, self.source.encode(self.encoding)], strict=False):
            write(path, content)
        if view or quiet_view:
            self._view(str(target), format=format or self.format, quiet=quiet_view)
        return str(target)


def _bundled_engine(source: str, format: str, engine: str, quiet: bool) -> bytes:
    """Lay out and draw DOT text with the Graphviz engine inside pygraphviz."""
    try:
        import pygraphviz  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError('found no Graphviz to draw with: pip install "autograd_lite[draw]"') from None
    messages: list[str] = []
    try:
        with _engine_lock, _stderr_into(messages):
            # The engine knows the default label of a node only once it has drawn something.
            pygraphviz.AGraph(string="digraph{}").draw(format="dot", prog="dot")
            picture: bytes = pygraphviz.AGraph(string=source).draw(format=format, prog=engine)
    except (ValueError, TypeError) as error:
        raise _refusal(format, "".join(messages)) from error
    if not quiet and sys.stderr:
        sys.stderr.writelines(line for line in messages if not line.startswith("Fontconfig"))
    return picture


@contextlib.contextmanager
def _stderr_into(lines: list[str]) -> Iterator[None]:
    """Collect what C code writes to stderr, which ``contextlib.redirect_stderr`` does not see."""
    try:
        terminal = os.dup(2)
    except OSError:  # a window application has no stderr
        yield
        return
    with tempfile.TemporaryFile("w+", errors="replace") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
            file.seek(0)
            lines.extend(file)


def _refusal(format: str, messages: str) -> ValueError:
    """Say in Python's words why Graphviz made no picture."""
    if known := re.search("Use one of: (.*)", messages):
        return ValueError(f"unknown format {format!r}: expected one of {known[1].split()}.")
    return ValueError(f"Graphviz cannot draw this as {format!r}: {messages.strip()}")


def check_writable(path: Path) -> None:
    """Find out before the work whether a file can be written."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a directory: give a file name", str(path))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such directory: make it first", str(path.parent))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to write: choose another place", str(path))


def write(path: Path, content: bytes) -> None:
    """Write beside the file, then replace it: a full disk must not cost the old picture."""
    path = path.resolve()
    if path.exists() and not (path.is_file() and os.access(path.parent, os.W_OK)):
        path.write_bytes(content)  # a device, or a file in a directory that takes no new ones
        return
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}.part")  # of this thread alone
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
