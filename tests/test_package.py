"""The package as a whole: who imports whom, what importing it needs, and that every name is explained."""

import ast
import inspect
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import autograd_lite

PACKAGE = Path(autograd_lite.__file__).parent

# A module imports from its own floor and from those before it.
FLOORS = [
    {"_choose", "_extras", "_figures"},
    {"_chain_rule", "_condition", "_floats", "_primitive", "_recording", "engine", "ops"},
    {"_custom", "_differences", "_evaluation", "_expressions", "_trees", "arrays", "calculus"},
    {"_formula", "_names", "_operands", "_staleness"},
    {"explain"}
    | {f"explain.{name}" for name in ("_explain", "_latex", "_layout", "_paths", "_simplification")}
    | {f"explain.{name}" for name in ("_slopes", "_symbols", "_writing")}
    | {"drawing"}
    | {f"drawing.{name}" for name in ("_boxes", "_diagram", "_draw", "_gradients", "_graphs", "_highlight")}
    | {f"drawing.{name}" for name in ("_network", "_picture", "_placement", "_scene", "_sums", "_themes")}
    | {"animation", "animation._animate", "animation._steps"}
    | {"compiler"}
    | {
        f"compiler.{name}"
        for name in (
            "_arguments",
            "_batch_mean",
            "_calls",
            "_compiled",
            "_contraction",
            "_emission",
            "_folding",
            "_listing",
            "_matrix_form",
            "_naming",
            "_notation",
            "_symbolic",
            "_blocks",
        )
    }
    | {f"compiler.{name}" for name in ("_graph", "_grouping", "_kernels", "_layout", "_passes", "_products")}
    | {f"compiler.{name}" for name in ("_program", "_recording", "_scalar_program", "_sums", "_views")}
    | {f"compiler.{name}" for name in ("_affine", "_identities", "_requirements", "_workspace")},
    {"nn", "nn.activations", "nn.initializers", "nn.layers", "nn.losses", "nn.module", "optim"}
    | {"nn.architecture", "nn.dropout", "nn.penalties", "nn.sequential", "nn.targets"}
    | {f"optim.{name}" for name in ("_checks", "_clipping", "_optimizer", "_rules", "_schedules")},
    {"_strategies", "testing", "training"}
    | {f"training.{name}" for name in ("_archive", "_data", "_engines", "_evaluation", "_fit", "_generators")}
    | {f"training.{name}" for name in ("_history", "_loop", "_metrics", "_prediction", "_saving")}
    | {"training._metadata", "training._saved_history"},
    {"plotting"},
    {"command_line", "command_line.tables"}
    | {f"command_line.{name}" for name in ("_animate", "_arguments", "_columns", "_domains", "_draw")}
    | {f"command_line.{name}" for name in ("_errors", "_explain", "_formulas", "_json", "_parser", "_scan")}
    | {"command_line._whitelist"}
    | {
        f"command_line.tables.{name}"
        for name in ("_arguments", "_data", "_encoding", "_files", "_predict", "_report", "_scores", "_table")
    }
    | {"command_line.tables._train"},
    {""},
    {"__main__"},
]
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}


def name_of(path):
    """The name of a module below the package, as in ``nn.layers``; empty for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
PUBLIC = [name for name in MODULES if not any(part.startswith("_") for part in name.split("."))]


def full_name(module):
    return f"autograd_lite.{module}".rstrip(".")


def import_statements(body, everywhere):
    """Import statements of a module; unless `everywhere`, only those that run when it is imported."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            if everywhere:
                yield from import_statements(node.body, everywhere)
        elif everywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from import_statements(ast.iter_child_nodes(node), everywhere)


def imports(module, everywhere=True):
    """The names of the modules that a module imports, in full."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    names = set()
    for node in import_statements(tree.body, everywhere):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{module} imports relatively"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            known = {name for name in submodules if name.removeprefix("autograd_lite.") in MODULES}
            names.update(known or {node.module})
    return names


def ours(names):
    return {
        name.removeprefix("autograd_lite").removeprefix(".")
        for name in names
        if name.split(".")[0] == "autograd_lite"
    }


def test_every_module_has_its_floor():
    assert set(MODULES) == set(FLOOR_OF)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_from_the_floors_above_it(module):
    above = {name for name in ours(imports(module)) if FLOOR_OF[name] > FLOOR_OF[module]}
    assert not above


@pytest.mark.parametrize("module", MODULES)
def test_nothing_imports_the_command_line(module):
    above = {name for name in ours(imports(module)) if name.startswith(("__main__", "command_line"))}
    assert not above or module == "__main__" or module.startswith("command_line")


def test_imports_run_in_no_circle():
    graph = {module: ours(imports(module, everywhere=False)) for module in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def third_party(names):
    tops = {name.split(".")[0] for name in names}
    return tops - sys.stdlib_module_names - {"autograd_lite", "__future__"}


@pytest.mark.parametrize("module", sorted(FLOORS[0] | FLOORS[1]))
def test_the_ground_floor_imports_no_third_party_package(module):
    assert not third_party(imports(module, everywhere=False))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_needs_numpy_and_graphviz_at_most(module):
    assert third_party(imports(module, everywhere=False)) <= {"numpy", "graphviz"}


def test_importing_the_package_imports_no_other_third_party_package_and_prints_nothing():
    program = """
import sys
before = set(sys.modules)
import autograd_lite
print(*[name for name in sys.modules if name not in before and hasattr(sys.modules[name], "__file__")])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert third_party(done.stdout.split()) == {"numpy", "graphviz"}
    assert done.stderr == ""


def test_every_name_of_the_package_can_be_imported():
    namespace = {}
    exec("from autograd_lite import *", namespace)
    assert set(autograd_lite.__all__) <= namespace.keys()
    assert len(set(autograd_lite.__all__)) == len(autograd_lite.__all__)


def public_names():
    for module in PUBLIC:
        loaded = import_module(full_name(module))
        for name in getattr(loaded, "__all__", []):
            thing = getattr(loaded, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                yield pytest.param(thing, id=f"{full_name(module)}.{name}")


NAMES = list(public_names())


@pytest.mark.parametrize("module", MODULES)
def test_every_module_opens_with_a_docstring(module):
    assert ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", [name for name in PUBLIC if name])
def test_every_public_module_says_which_names_it_hands_out(module):
    loaded = import_module(full_name(module))
    assert loaded.__all__
    assert all(hasattr(loaded, name) for name in loaded.__all__)


@pytest.mark.parametrize("thing", NAMES)
def test_every_public_name_has_a_docstring_with_examples(thing):
    if inspect.isclass(thing) and issubclass(thing, Exception):
        assert inspect.getdoc(thing)
    else:
        assert "Examples\n--------\n>>> " in inspect.getdoc(thing)


@pytest.mark.parametrize("kind", [p for p in NAMES if inspect.isclass(p.values[0])])
def test_every_public_method_has_a_docstring(kind):
    members = {name: x for name, x in vars(kind).items() if not name.startswith("_")}
    functions = {n: x for n, x in members.items() if inspect.isfunction(x) or isinstance(x, property)}
    assert not [name for name, x in functions.items() if not inspect.getdoc(x)]


def test_the_package_is_marked_as_typed():
    assert (PACKAGE / "py.typed").exists()
