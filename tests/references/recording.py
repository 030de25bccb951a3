"""The files of recorded figures: JSON with a line for each entry."""

import json
from pathlib import Path


def write(name, figures):
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in figures.items()]
    Path(__file__).with_name(name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read(name):
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
