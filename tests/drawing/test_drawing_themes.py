"""Tests of the colours of pictures: every text can be read, and no meaning is in a colour alone."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import nn
from autograd_lite.drawing import draw
from autograd_lite.drawing._themes import DECADES, THEMES, fill

both = pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
MAGNITUDES = [0.0, *np.logspace(-DECADES - 1, 0, 50)]


def linear(colour):
    """The light of a colour such as #0072b2, from 0 to 1 in red, green and blue."""
    rgb = np.array(list(bytes.fromhex(colour[1:]))) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colour):
    return linear(colour) @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    """The contrast of WCAG 2."""
    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@both
def test_text_on_every_fill_has_the_contrast_of_wcag_aa(theme):
    for colour in [*(fill(theme, magnitude, 1.0) for magnitude in MAGNITUDES), theme.layer, theme.neuron]:
        for text in (theme.ink, theme.soft):
            assert contrast(text, colour) >= 4.5, (text, colour)


@both
def test_faded_text_and_coloured_words_have_it_on_paper_and_on_frames(theme):
    for paper in (theme.paper, theme.layer, theme.neuron):
        assert contrast(theme.faint, paper) >= 4.5
    assert contrast(theme.positive, theme.paper) >= 4.5
    assert contrast(theme.negative, theme.paper) >= 4.5
    assert contrast(theme.line, theme.neuron) >= 3  # what is not text


@both
def test_lightness_goes_one_way_with_the_gradient(theme):
    lightness = [luminance(fill(theme, magnitude, 1.0)) for magnitude in MAGNITUDES]
    steps = np.diff(lightness)
    assert (steps <= 0).all() or (steps >= 0).all()
    assert abs(lightness[-1] - lightness[0]) > 0.05


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(0, allow_infinity=False))
def test_every_gradient_has_a_fill(magnitude, largest):
    for theme in THEMES.values():
        assert re.fullmatch("#[0-9a-f]{6}", fill(theme, abs(magnitude), largest))


# Linear RGB as a deuteranope and a protanope see it (Viénot, Brettel and Mollon, Digital video colourmaps
# for checking the legibility of displays by dichromats, 1999).
DICHROMATS = {
    "deuteranopia": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
    "protanopia": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
}


@both
@pytest.mark.parametrize("seen", DICHROMATS.values(), ids=list(DICHROMATS))
def test_signs_are_told_apart_without_red_or_green(theme, seen):
    positive, negative = (np.array(seen) @ linear(c) for c in (theme.positive, theme.negative))
    yellow, blue = (positive - negative)[1], (positive - negative)[2]
    assert np.hypot(yellow, blue) > 0.3


@pytest.mark.parametrize("detail", ["operations", "neurons", "layers"])
@pytest.mark.parametrize("is_highlighted", [True, False])
@pytest.mark.parametrize(("name", "other"), [("light", "dark"), ("dark", "light")])
def test_a_picture_has_only_the_colours_of_its_theme(detail, is_highlighted, name, other):
    model = nn.MLP(2, [2, 1], seed=1)
    J = model([1.0, -1.0]) ** 2
    J.backward()
    highlight = model.layers[0].neurons[0].b if is_highlighted else None
    source = draw(J, detail=detail, theme=name, highlight=highlight).source
    colours = set(re.findall("#[0-9a-f]{6}", source))
    assert THEMES[name].paper in colours
    ours, others = ({c for c in theme if isinstance(c, str)} for theme in (THEMES[name], THEMES[other]))
    assert not colours & (others - ours)
    svg = draw(J, detail=detail, theme=name).pipe(encoding="utf-8")
    assert f'<polygon fill="{THEMES[name].paper}"' in svg
