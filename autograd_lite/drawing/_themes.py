"""The colours of pictures: a light and a dark theme, both for colour-blind readers too."""

import math
from typing import NamedTuple

DECADES = 4  # a gradient this many powers of ten below the largest is as pale as zero

Colour = tuple[int, int, int]


class Theme(NamedTuple):
    """The colours of a picture. Every text has a contrast of 4.5:1 (WCAG 2, AA) on whatever it stands on.

    Attributes
    ----------
    paper : str
        The background.
    layer, neuron : str
        The background of a cluster, and of one inside it.
    ink, soft : str
        Text, and text beside it; both stand on paper, clusters and every fill.
    line : str
        Edges and borders.
    faint, faint_line : str
        The same, of what is not highlighted; faint text stands on paper and clusters.
    pale, strong : tuple of int
        The fills for no gradient and for the largest.
    positive, negative : str
        Weights by their sign: blue and orange, which no kind of colour blindness confuses (Okabe and Ito,
        Color universal design, 2008).
    """

    paper: str
    layer: str
    neuron: str
    ink: str
    soft: str
    line: str
    faint: str
    faint_line: str
    pale: Colour
    strong: Colour
    positive: str
    negative: str


THEMES = {
    "light": Theme(
        paper="#ffffff",
        layer="#f6f6f4",
        neuron="#eeeeeb",
        ink="#1a1a1a",
        soft="#3c3c3c",
        line="#595959",
        faint="#6a6a6a",
        faint_line="#c4c4c4",
        pale=(255, 255, 255),
        strong=(108, 178, 224),
        positive="#0072b2",
        negative="#b84c00",
    ),
    "dark": Theme(
        paper="#1c1d20",
        layer="#25272b",
        neuron="#2e3035",
        ink="#f4f4f4",
        soft="#d2d4d8",
        line="#a5a9b0",
        faint="#9a9ea6",
        faint_line="#53565c",
        pale=(28, 29, 32),
        strong=(24, 86, 138),
        positive="#56b4e9",
        negative="#e69f00",
    ),
}


def fill(theme: Theme, magnitude: float, largest: float) -> str:
    """The fill for a gradient: from pale to strong in the logarithm of its magnitude."""
    decades = math.log10(magnitude) - math.log10(largest) if magnitude > 0 < largest else -math.inf
    share = min(max(1 + decades / DECADES, 0.0), 1.0)
    mix = (round(a + share * (b - a)) for a, b in zip(theme.pale, theme.strong, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mix)
