"""The code in README and docs runs, and prints what its comments say, or the text below it."""

import re
import runpy
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_blocks_run_and_print_what_their_comments_say(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    blocks = r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?"
    for block, text in re.findall(blocks, page.read_text(encoding="utf-8"), flags=re.DOTALL):
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(block, str(page), "exec"), namespace)
        expected = text.splitlines() or re.findall(r"^print\(.*\) +# (.*)$", block, flags=re.MULTILINE)
        assert printed.getvalue().splitlines() == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_to_files(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_ci_script_runs_the_commands_of_the_readme_to_the_letter():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (python3 .*)$", readme, re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(commands) == 2
    assert all(command in script for command in commands)


def test_the_page_of_primitives_is_what_the_table_says():
    script = runpy.run_path(str(ROOT / "docs" / "make_primitives.py"))
    assert script["PAGE"].read_text(encoding="utf-8") == script["page"]()
