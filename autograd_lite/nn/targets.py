"""Classes as vectors, which losses over several outputs are compared with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["one_hot"]

# 8 GB of them. More are surely no classes, but numbers of something else.
MAX_NUMBERS = 10**9


def one_hot(labels: ArrayLike, n_classes: int | None = None) -> NDArray[np.float64]:
    """Vectors of n_classes numbers for classes k: 1 at place k, and 0 elsewhere (uOttawa lecture).

    Parameters
    ----------
    labels : array_like of int
        Classes, counted from 0, in an array of any shape; also floats that are whole numbers.
    n_classes : int, optional
        How many classes there are, by default one more than the largest label.

    Returns
    -------
    ndarray of shape (*labels.shape, n_classes)

    Raises
    ------
    ValueError
        If a label is no whole number from 0 to n_classes - 1, n_classes is less than 1, there are no
        labels to count the classes from, or the vectors would have more than 10⁹ numbers.
    TypeError
        If a label is no number, or n_classes is not an integer.

    Examples
    --------
    >>> one_hot([1, 0, 2])
    array([[0., 1., 0.],
           [1., 0., 0.],
           [0., 0., 1.]])
    >>> one_hot(1, n_classes=2)
    array([0., 1.])
    """
    try:
        given = np.asarray(labels)
    except ValueError:
        raise ValueError(
            f"expected classes in an array, but got lists of different lengths: {labels!r}"
        ) from None
    if not given.size:
        given = given.astype(float)
    if given.dtype.kind not in "biuf" or np.ma.is_masked(labels):
        raise TypeError(
            f"expected classes counted from 0, but got {labels!r}: number them first, for instance with "
            "np.unique(labels, return_inverse=True)[1]"
        )
    if n_classes is not None and (isinstance(n_classes, bool) or not isinstance(n_classes, int | np.integer)):
        raise TypeError(f"expected an integer for n_classes, but got {n_classes!r}")
    if n_classes is None and not given.size:
        raise ValueError(
            "expected at least one label to count the classes from, or n_classes, but got neither"
        )
    if n_classes is not None and n_classes < 1:
        raise ValueError(f"expected n_classes of at least 1, but got {n_classes}")
    is_whole = np.isfinite(given) & (given == np.floor(given)) & (given >= 0)
    in_range = is_whole if n_classes is None else is_whole & (given < n_classes)
    if not in_range.all():
        last = "on" if n_classes is None else f"to {n_classes - 1}"
        raise ValueError(f"expected whole numbers from 0 {last} as labels, but got {given[~in_range][0]:g}")
    n = int(given.max()) + 1 if n_classes is None else int(n_classes)
    if given.size * n > MAX_NUMBERS:
        highest = given.max() if n_classes is None else n - 1
        raise ValueError(
            f"expected vectors of at most {MAX_NUMBERS} numbers, but got {given.size} labels of classes up "
            f"to {highest:g}: number them first, for instance with np.unique(labels, return_inverse=True)[1]"
        )
    classes = given.astype(int)
    vectors = np.zeros((*classes.shape, n))
    np.put_along_axis(vectors, classes[..., None], 1.0, axis=-1)
    return vectors
