"""Where numbers stand on the straight edges of a diagram, and where edges pass between circles."""

from __future__ import annotations

from collections.abc import Sequence

CHARACTER, LINE = 0.085, 0.17  # inches: about the size of a character of 10 points
PLACES = 21  # tried on each edge

Point = tuple[float, float]
Line = tuple[Point, Point]


def place_texts(lines: Sequence[Line], lengths: Sequence[int], margin: float) -> list[Point]:
    """A point for a text on each line, `margin` away from its ends, where there is most room.

    One text is placed after the other, each as far as possible from those that have a place and from
    the other lines. Lengths are in characters, the rest in inches.
    """
    placed: list[tuple[Point, float]] = []
    for line, length in zip(lines, lengths, strict=True):
        width = length * CHARACTER
        others = [other for other in lines if other is not line]
        points = _points(line, margin + width / 2)
        middle = _points(line, margin + width / 2)[PLACES // 2]
        rooms = [_room(p, width, placed, others) - abs(p[0] - middle[0]) / 20 for p in points]
        placed.append((points[rooms.index(max(rooms))], width))
    return [point for point, _ in placed]


def pass_between(start: Point, end: Point, columns: Sequence[Sequence[Point]], row: float) -> list[Point]:
    """The points, one for each column, at which a line bends that would run through a circle.

    The circles of a column are a `row` apart. There is no point if the line is free.
    """
    bends = []
    is_free = True
    for column in columns:
        x = column[0][0]
        y = _height((start, end), x)
        if any(abs(y - b) < 0.45 * row for _, b in column):
            is_free = False
            y = min((b + side * row for _, b in column for side in (0.5, -0.5)), key=lambda b: abs(y - b))
        bends.append((x, y))
    return [] if is_free else bends


def _points(line: Line, margin: float) -> list[Point]:
    """Points at equal distances on a line, its ends left out."""
    (x0, y0), (x1, y1) = line
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    first = min(margin / length, 0.5) if length else 0.5
    shares = [first + i / (PLACES - 1) * (1 - 2 * first) for i in range(PLACES)]
    return [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in shares]


def _room(point: Point, width: float, placed: Sequence[tuple[Point, float]], lines: Sequence[Line]) -> float:
    """How far it is to the next text or line, in lines of text; more than 2 do not count."""
    x, y = point
    texts = [max(abs(x - a) / ((width + w) / 2), abs(y - b) / LINE) for (a, b), w in placed]
    heights = [abs(y - _height(line, x)) / LINE for line in lines if _spans(line, x)]
    return min([2 * min([*texts, 1.0]), *heights, 2.0])


def _height(line: Line, x: float) -> float:
    (x0, y0), (x1, y1) = line
    return y0 + (x - x0) / (x1 - x0) * (y1 - y0)


def _spans(line: Line, x: float) -> bool:
    (x0, _), (x1, _) = line
    return x0 != x1 and min(x0, x1) <= x <= max(x0, x1)
