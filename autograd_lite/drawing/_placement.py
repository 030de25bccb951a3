"""Where numbers stand on the straight edges of a diagram, and where edges pass between circles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

CHARACTER, LINE = 0.085, 0.17  # inches: about the size of a character of 10 points
PLACES = 21  # tried on each edge
ROUNDS = 5

Point = tuple[float, float]
Line = tuple[Point, Point]


def place_texts(lines: Sequence[Line], lengths: Sequence[int], margin: float) -> list[Point]:
    """A point for a text on each line, `margin` away from its ends, where there is most room.

    Each text is placed where it is farthest from the other texts and then from the other lines, and again
    when the others have their places. Lengths are in characters, the rest in inches. Where texts would
    overlap all the same, there are no points.
    """
    widths = [length * CHARACTER for length in lengths]
    points = [_points(line, margin + width / 2) for line, width in zip(lines, widths, strict=True)]
    placed: dict[int, Point] = {}
    for _ in range(ROUNDS):
        for i, places in enumerate(points):
            others = [(point, (widths[i] + widths[j]) / 2) for j, point in placed.items() if j != i]
            free = [line for line in lines if line is not lines[i]]
            middle = places[PLACES // 2][0]
            rooms = [(_room(p, others), _distance(p, free) - abs(p[0] - middle) / 20) for p in places]
            placed[i] = places[rooms.index(max(rooms))]
        if _is_free(placed, widths):
            return list(placed.values())
    return []


def _is_free(placed: dict[int, Point], widths: Sequence[float]) -> bool:
    """Whether no two texts overlap."""
    return all(
        _room(placed[i], [(placed[j], (widths[i] + widths[j]) / 2)]) >= 1 for i, j in combinations(placed, 2)
    )


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


def _room(point: Point, texts: Sequence[tuple[Point, float]]) -> float:
    """How far it is to the next text, each with the distance that it needs: at 1 they touch."""
    x, y = point
    return min([max(abs(x - a) / width, abs(y - b) / LINE) for (a, b), width in texts] + [1.0])


def _distance(point: Point, lines: Sequence[Line]) -> float:
    """How far it is to the next line, in heights of a text; more than 2 do not count."""
    x, y = point
    return min([abs(y - _height(line, x)) / LINE for line in lines if _spans(line, x)] + [2.0])


def _height(line: Line, x: float) -> float:
    (x0, y0), (x1, y1) = line
    return y0 + (x - x0) / (x1 - x0) * (y1 - y0)


def _spans(line: Line, x: float) -> bool:
    (x0, _), (x1, _) = line
    return x0 != x1 and min(x0, x1) <= x <= max(x0, x1)
