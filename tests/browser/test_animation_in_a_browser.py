"""The page of `animate` in a real browser: what it shows at every step, and whether everyone can use it.

They need Chromium and ``pip install -e ".[browser]"``, and run with ``pytest -m browser``.
"""

import shutil

import pytest
from lecture_graph import labelled, lecture_network

from autograd_lite import where
from autograd_lite._formula import figure
from autograd_lite.animation import animate
from autograd_lite.animation._steps import steps_of
from autograd_lite.engine import Value, topological_order
from autograd_lite.nn import MLP, binary_cross_entropy

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIDEWAYS = PHONE | {"viewport": {"width": 844, "height": 390}}
PROJECTOR = {"viewport": {"width": 1280, "height": 800}}
NAMES = {"start": "Start", "forward": "Forward pass", "backward": "Backward pass"}

# What can be seen of the picture, read from what the browser computed.
SEEN = """() => {
  const isVisible = (element) => element && getComputedStyle(element).visibility === "visible";
  const keys = (selector, key) =>
    [...new Set([...document.querySelectorAll(selector)].map((group) => group.dataset[key]))].sort();
  const texts = (part) => Object.fromEntries(
    [...document.querySelectorAll("[data-node]")]
      .map((node) => [node.dataset.node, node.querySelector(part)])
      .filter(([_, text]) => isVisible(text))
      .map(([node, text]) => [node, text.textContent.trim()])
  );
  return {
    line: document.getElementById("line").textContent,
    where: document.getElementById("where").textContent,
    numbers: texts(".number"),
    gradients: texts(".gradient"),
    lit: keys(".node.is-lit", "node"),
    sources: keys("[data-node].is-source", "node"),
    operands: keys("[data-operand].is-source", "operand"),
    edges: keys(".edge.is-lit", "edge"),
    partials: keys(".edge:not(.is-unwalked)", "edge"),
  };
}"""

# Whether the node that is lit is within the frame of the picture.
IN_VIEW = """() => {
  const frame = document.getElementById("picture").getBoundingClientRect();
  const box = document.querySelector(".node.is-lit").getBoundingClientRect();
  const isWithin = (low, high) => box[low] >= frame[low] && box[high] <= frame[high];
  return isWithin("left", "right") && isWithin("top", "bottom");
}"""

# The contrast of two colours, by WCAG 2.
CONTRAST = """(colours) => {
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark, light] = colours.map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}"""


def choice():
    """Parallel edges, constants and a condition."""
    x, a = Value(2.0, label="x"), Value(3.0, label="a")
    return where((x > 1) & (x < a * a), a - a, x / 2)


def network():
    model = MLP(2, [4, 3, 1], activation="tanh", output="sigmoid", seed=1)
    return labelled(binary_cross_entropy(model([0.5, -1.0]), 1), "J")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Opens the animation of a value; at the end nothing may have gone wrong or been fetched."""
    contexts, complaints, requests = [], [], []

    def visit(value, title=None, **options):
        path = tmp_path / "page.html"
        animate(value, path, title=title)
        context = browser.new_context(**{"reduced_motion": "reduce"} | PROJECTOR | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []
    assert set(requests) == {(tmp_path / "page.html").as_uri()}


def last_step(page):
    return int(page.locator("#slider").get_attribute("max"))


def go_to(page, k):
    page.locator("#slider").fill(str(k))


def operand_of(order, edge):
    node, position = map(int, edge.split("-"))
    return order[node].inputs[position]


def expected(value, k):
    """What must be seen at a step, from the steps and from the engine's numbers."""
    order = topological_order(value)
    steps = steps_of(value)
    step, past = steps[k], steps[: k + 1]
    note = [f"({step.note})"] if step.note else []
    edges = sorted(f"{node}-{i}" for node, i in step.edges)
    return {
        "line": " ".join([*step.line, *note]),
        "where": f"{NAMES[step.phase]}, step {k} of {len(steps) - 1}",
        "numbers": {str(s.node): f"= {figure(order[s.node].data)}" for s in past if s.phase == "forward"},
        "gradients": {str(s.node): s.gradient for s in past if s.phase == "backward"},
        "lit": [] if step.node is None else [str(step.node)],
        "sources": sorted(map(str, step.sources)),
        "operands": [e for e in edges if not isinstance(operand_of(order, e), Value)],
        "edges": edges,
        "partials": sorted({f"{n}-{i}" for s in past if s.phase == "backward" for n, i in s.edges}),
    }


# What is shown


@pytest.mark.parametrize("make", [lecture_network, choice, network])
def test_forwards_and_backwards_every_step_shows_the_engines_numbers(make, visit):
    value = make()
    page = visit(value)
    last = last_step(page)
    assert last == len(steps_of(value)) - 1
    forward, back = (
        page.get_by_role("button", name="Step forward"),
        page.get_by_role("button", name="Step back"),
    )
    for k in range(last + 1):
        assert page.evaluate(SEEN) == expected(value, k)
        if k < last:
            forward.click()
    value.backward()
    gradients = page.evaluate(SEEN)["gradients"]
    for i, node in enumerate(topological_order(value)):
        assert gradients[str(i)].endswith(f" = {figure(node.grad)}")
    for k in range(last, -1, -1):
        assert page.evaluate(SEEN) == expected(value, k)
        if k > 0:
            back.click()


def test_the_boxes_hold_their_texts_at_every_step(visit):
    page = visit(labelled(lecture_network() * Value(-1e-9, label="a long label of many words W"), "L"))
    overflowing = """() => [...document.querySelectorAll("#picture [data-node]")].flatMap((node) => {
      const box = node.querySelector("polygon, path").getBoundingClientRect();
      return [...node.querySelectorAll("text")].filter((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        return left < box.left || right > box.right || top < box.top - 1 || bottom > box.bottom + 1;
      }).map((text) => text.textContent);
    })"""
    for k in range(last_step(page) + 1):
        go_to(page, k)
        assert page.evaluate(overflowing) == []


def test_a_hostile_label_is_shown_as_text(visit):
    label = "</script><img src=x onerror=alert(1)>"
    page = visit(labelled(Value(2.0, label=label) * 3, "J"), title=label)
    go_to(page, 1)
    assert page.evaluate(SEEN)["line"] == "</script><img src=x onerror=ale… = 2 (a leaf)"
    assert page.locator("h1").inner_text() == label
    assert page.locator("img:not(svg)").count() == 0


# How it is steered


def test_keys_step_jump_and_play(visit):
    value = lecture_network()
    page = visit(value)
    last = last_step(page)
    for key, k in [
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", last),
        ("ArrowRight", last),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("Control+ArrowRight", 0),
        ("x", 0),
    ]:
        page.keyboard.press(key)
        assert page.evaluate(SEEN) == expected(value, k), key
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Play").is_visible()


def test_keys_work_with_the_focus_on_a_button_and_on_the_slider(visit):
    value = lecture_network()
    page = visit(value)
    forward, slider = page.get_by_role("button", name="Step forward"), page.get_by_role("slider")
    forward.focus()
    for key, k in [("Enter", 1), ("Space", 2), ("ArrowRight", 3), ("Home", 0)]:
        page.keyboard.press(key)
        assert page.evaluate(SEEN) == expected(value, k), key
    slider.focus()
    for key, k in [("ArrowRight", 1), ("ArrowUp", 2), ("ArrowLeft", 1), ("End", last_step(page))]:
        page.keyboard.press(key)
        assert page.evaluate(SEEN) == expected(value, k), key


def test_with_the_focus_on_a_picture_wider_than_its_frame_keys_scroll_it(visit):
    page = visit(lecture_network(), **PHONE)
    page.locator("#picture").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.getElementById('picture').scrollLeft > 0")
    assert page.locator("#slider").input_value() == "0"
    page = visit(Value(2.0, label="x"), **PROJECTOR)
    page.locator("#picture").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#slider").input_value() == "1"


def test_a_name_stands_in_the_middle_of_its_box_until_there_is_a_gradient(visit):
    page = visit(Value(2.0, label="t").tanh(), **PROJECTOR)
    middles = """() => {
      const [box, name] = ["path", ".heading"].map(
        (part) => document.querySelector('[data-node="1"]').querySelector(part).getBoundingClientRect());
      return (name.top + name.bottom - box.top - box.bottom) / 2 / box.height;
    }"""
    for k in (0, 2):
        go_to(page, k)
        assert abs(page.evaluate(middles)) < 0.1
    go_to(page, last_step(page))
    assert page.evaluate(middles) < -0.1


def test_the_slider_jumps_and_says_where_it_is(visit):
    value = lecture_network()
    page = visit(value)
    slider = page.get_by_role("slider", name="Step")
    for k in [30, 7, last_step(page), 0]:
        go_to(page, k)
        assert page.evaluate(SEEN) == expected(value, k)
        assert slider.get_attribute("aria-valuetext") == expected(value, k)["where"]
    page.get_by_role("button", name="Last step").click()
    assert slider.input_value() == str(last_step(page))
    page.get_by_role("button", name="First step").click()
    assert slider.input_value() == "0"


def test_it_plays_to_the_end_stops_there_and_starts_again(visit):
    value = labelled(Value(2.0, label="x") * 3, "J")
    page = visit(value)
    page.clock.install()
    page.get_by_label("Speed").select_option("fast")
    page.get_by_role("button", name="Play").click()
    assert page.evaluate(SEEN) == expected(value, 0)
    for k in range(1, last_step(page) + 1):
        page.clock.run_for(800)
        assert page.evaluate(SEEN) == expected(value, k)
    page.clock.run_for(800)
    page.get_by_role("button", name="Play").click()
    assert page.evaluate(SEEN) == expected(value, 0)
    page.clock.run_for(800)
    page.keyboard.press("ArrowRight")  # whoever steps by hand has taken over
    page.clock.run_for(10_000)
    assert page.evaluate(SEEN) == expected(value, 2)
    assert page.get_by_role("button", name="Play").is_visible()


def test_the_picture_can_be_made_larger_and_smaller_and_fitted(visit):
    page = visit(network())
    width = "document.querySelector('#picture > svg').getBoundingClientRect().width"
    before = page.evaluate(width)
    page.get_by_role("button", name="Larger").click()
    assert page.evaluate(width) == pytest.approx(1.25 * before, rel=0.01)
    page.get_by_role("button", name="Smaller").click()
    assert page.evaluate(width) == pytest.approx(before, rel=0.01)
    page.get_by_role("button", name="Fit").click()
    assert page.evaluate(
        "(({scrollWidth, clientWidth, scrollHeight, clientHeight}) => "
        "scrollWidth <= clientWidth && scrollHeight <= clientHeight)"
        "(document.getElementById('picture'))"
    )


def test_the_list_of_all_steps_opens_and_marks_the_current_one(visit):
    value = lecture_network()
    page = visit(value)
    assert not page.locator("#steps").is_visible()
    page.locator("summary").click()
    items = page.get_by_role("listitem")
    assert items.count() == last_step(page) + 1
    go_to(page, 5)
    assert page.locator("[aria-current]").all_inner_texts() == [expected(value, 5)["line"]]


# Whom it is for


@pytest.mark.parametrize("options", [PHONE, SIDEWAYS, PROJECTOR], ids=["phone", "sideways", "projector"])
@pytest.mark.parametrize("make", [lecture_network, network])
def test_what_is_lit_is_in_view_and_the_page_is_not_wider_than_the_screen(options, make, visit):
    page = visit(make(), **options)
    too_wide = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(too_wide) <= 0
    for k in range(1, last_step(page) + 1):
        go_to(page, k)
        assert page.evaluate(IN_VIEW), k
        assert page.evaluate(too_wide) <= 0, k
    page.locator("summary").click()
    assert page.evaluate(too_wide) <= 0


@pytest.mark.parametrize("options", [PHONE, SIDEWAYS], ids=["phone", "sideways"])
def test_on_a_phone_everything_is_on_the_screen_and_large_enough_to_touch(options, visit):
    value = lecture_network()
    page = visit(value, **options)
    page.get_by_role("button", name="Step forward").tap()
    assert page.evaluate(SEEN) == expected(value, 1)
    go_to(page, 30)
    for control in page.locator("button, select, input, summary").all():
        box = control.bounding_box()
        assert box["height"] >= 44, control
        assert box["width"] >= 44, control
        assert box["y"] + box["height"] <= options["viewport"]["height"], control


def test_everything_has_a_role_and_a_name(visit):
    page = visit(lecture_network())
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1, name="Backpropagation of J").count() == 1
    assert page.get_by_role("img", name="The graph that computed J").count() == 1
    assert page.get_by_role("status").get_attribute("aria-live") == "polite"
    assert page.get_by_role("group", name="Picture of the graph").get_attribute("tabindex") == "0"
    names = ["First step", "Step back", "Play", "Step forward", "Last step", "Smaller", "Fit", "Larger"]
    for name in names:
        assert page.get_by_role("button", name=name, exact=True).count() == 1
    assert page.get_by_role("button").count() == len(names)
    assert page.get_by_role("combobox", name="Speed").count() == 1
    assert page.title() == "Backpropagation of J"
    assert page.locator("html").get_attribute("lang") == "en"
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(ids) == len(set(ids))


def test_the_keyboard_reaches_every_control_and_sees_where_it_is(visit):
    page = visit(lecture_network())
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        assert outline == "solid", reached
    controls = ["slider", "first", "back", "play", "forward", "last", "speed", "smaller", "fit", "larger"]
    assert reached == ["picture", *controls, "SUMMARY"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_lines_have_contrast(scheme, visit):
    page = visit(lecture_network(), color_scheme=scheme)
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")

    def contrast(a, b):
        return page.evaluate(CONTRAST, [a, b])

    def style(selector, name):
        element = page.locator(selector).first
        return element.evaluate("(element, name) => getComputedStyle(element)[name]", name)

    for k in [0, 9, 30, last_step(page)]:
        go_to(page, k)
        for selector in ["h1", "#where", "#where b", "#line span", "#line span:last-of-type", "summary"]:
            assert contrast(style(selector, "color"), paper) >= 4.5, (k, selector)
        kinds = {0: [".is-idle"], 9: [".is-idle", ".is-lit", ".is-source"]}.get(k, [".is-lit", ".is-source"])
        for kind in kinds:
            shape = f".node{kind} > :is(path, polygon)"
            assert contrast(style(f".node{kind} text", "fill"), style(shape, "fill")) >= 4.5, (k, kind)
            assert contrast(style(shape, "stroke"), paper) >= 3, (k, kind)
            assert (
                contrast(style(f".edge{kind} > path", "stroke"), paper) >= 3 if kind != ".is-source" else True
            )
    # Not by colour alone.
    widths = [
        float(style(f".node{kind} > :is(path, polygon)", "strokeWidth")[:-2])
        for kind in (".is-lit", ".is-source")
    ]
    assert widths[0] > widths[1] > 1.5


def test_who_wants_no_motion_gets_none(visit):
    moving = "getComputedStyle(document.querySelector('.node > path')).transitionDuration"
    assert visit(lecture_network(), reduced_motion="no-preference").evaluate(moving) != "0s"
    page = visit(lecture_network())
    assert page.evaluate(moving) == "0s"
    go_to(page, last_step(page))
    offset = "document.getElementById('picture').scrollLeft"
    there = page.evaluate(offset)
    page.wait_for_timeout(300)
    assert page.evaluate(offset) == there
    assert page.get_by_role("button", name="Play").is_visible()  # nothing plays by itself


def test_with_motion_what_is_lit_comes_into_view_too(visit):
    page = visit(lecture_network(), reduced_motion="no-preference", **PHONE)
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.wait_for_function("document.getElementById('picture').scrollLeft < 1")
    go_to(page, last_step(page) // 2)
    page.wait_for_function(IN_VIEW)


def test_without_javascript_the_end_and_all_steps_can_be_read(visit):
    value = lecture_network()
    page = visit(value, java_script_enabled=False)
    assert page.get_by_text("JavaScript must be allowed").is_visible()
    assert not page.get_by_role("button", name="Play").is_visible()
    lines = [expected(value, k)["line"] for k in range(len(steps_of(value)))]
    assert page.locator("#steps > li").all_inner_texts() == lines
    assert page.locator("#line").inner_text().split() == lines[-1].split()
    assert page.locator(".gradient").first.is_visible()
