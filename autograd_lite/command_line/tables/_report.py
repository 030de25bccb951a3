"""What `train` says about a training: as text for a terminal, and as a page that needs no other file."""

from base64 import b64encode
from html import escape
from typing import Any

from autograd_lite._names import one_line
from autograd_lite.command_line.tables._table import DELIMITERS, listed

Summary = dict[str, Any]

# What metrics are called, and how their numbers are written.
METRICS = {
    "accuracy": ("accuracy", "{:.3f}"),
    "cross_entropy": ("cross-entropy", "{:#.4g}"),
    "r2": ("R²", "{:z.3f}"),
    "mse": ("MSE", "{:#.6g}"),
    "rmse": ("RMSE", "{:#.6g}"),
}
AS_ASKED = "as --task says"
SCALED = "The loss is the mean squared error of the target, divided by the square of its standard deviation."
PURPOSES = {"training": "to train on", "validation": "to find out when to stop", "test": "to judge with"}

# The page has no script, and refers to nothing outside of it.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1f; background: #fff; max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.first { font-size: 1.1rem; } .note { color: #55555f; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; } caption { text-align: left; color: #55555f; }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #d8d8e0; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.baseline td, tr.baseline th { color: #55555f; }
th { font-weight: 400; } th[scope=col] { font-weight: 600; }
td.wrong { font-weight: 700; color: #6b3000; } td.none { color: #6b6b75; }
td.right { font-weight: 700; outline: 2px solid #5e3c99; outline-offset: -2px; }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f4f3f7; } code { padding: .1rem .25rem; }
pre { padding: .75rem 1rem; overflow-x: auto; } pre code { padding: 0; }
img { max-width: 100%; height: auto; }
"""


def beginning(summary: Summary) -> str:
    """What is known before the training."""
    lines = [
        _data(summary),
        _task(summary),
        f"inputs: {_inputs(summary)}",
        *([f"left out: {_left_out(summary)}"] if summary["left_out"] else []),
        f"model: {summary['model']}, {summary['parameters']} parameters",
        f"rows: {_parts(summary)}",
    ]
    return "\n".join(map(one_line, lines))


def end(summary: Summary, files: list[str], is_again: bool) -> str:
    """How it ended, how good the model is, and where it is."""
    names = "  ".join(files)
    lines = [
        _ended(summary),
        "",
        *scores_text(_score_rows(summary)).split("\n"),
        "",
        _verdict(summary),
        f"wrote {names}" + (" (in place of those of an earlier training)" if is_again else ""),
        f"predict: autograd-lite predict {files[0]} new.csv -o predictions.csv",
    ]
    return "\n".join(map(one_line, lines))


def scores_text(rows: dict[str, dict[str, Any]]) -> str:
    """A table of metrics, a line for each part of the rows."""
    metrics = [name for name in METRICS if name in next(iter(rows.values()))]
    table = [["", "rows", *(METRICS[name][0] for name in metrics)]]
    table += [
        [part, str(found["rows"]), *(METRICS[name][1].format(found[name]) for name in metrics)]
        for part, found in rows.items()
    ]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in table
    )


def page(summary: Summary, curves: bytes) -> str:
    """The report, with the picture of the curves in it."""
    title = f"{summary['target']}, from {summary['data']}"
    parts = [
        f"<h1>{escape(summary['target'])}, predicted from {escape(summary['data'])}</h1>",
        f'<p class="first">{escape(_verdict(summary))}</p>',
        "<h2>How good it is</h2>",
        _scores_html(summary),
        _confusion_html(summary) if summary["classes"] else _errors_html(summary),
        "<h2>Training</h2>",
        f"<p>{escape(_sentence(_ended(summary)))}.</p>",
        _picture(curves),
        *([] if summary["classes"] else [f'<p class="note">{SCALED}</p>']),
        _list(
            {
                "model": f"{summary['model']}, {summary['parameters']} parameters",
                "loss": summary["loss"],
                "optimizer": f"{summary['optimizer']}, batches of {summary['batch_size']}",
                "stops": f"after {summary['patience']} epochs without a lower validation loss"
                if summary["patience"]
                else "after all epochs",
                "seed": str(summary["seed"]),
            }
        ),
        "<h2>Data</h2>",
        f"<p>{escape(_data(summary))}. {escape(_sentence(_task(summary)))}. Rows: {_parts(summary)}.</p>",
        _inputs_html(summary),
        *([f"<p>Left out: {escape(_left_out(summary))}.</p>"] if summary["left_out"] else []),
        "<h2>Use</h2>",
        "<pre><code>autograd-lite predict model.npz new.csv -o predictions.csv</code></pre>",
        "<p>or, in Python,</p>",
        "<pre><code>from autograd_lite.training import load\n\n"
        'saved = load("model.npz")\nsaved.model, saved.history, saved.metadata["columns"]</code></pre>',
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _data(summary: Summary) -> str:
    n, dropped = sum(summary["rows"].values()), summary["dropped_rows"]
    cells = DELIMITERS.get(summary["delimiter"], repr(summary["delimiter"]))
    missing = f" ({dropped} more dropped, in which something is missing)" if dropped else ""
    return f"{summary['data']}: {n} rows{missing}, {summary['columns']} columns, separated by {cells}"


def _task(summary: Summary) -> str:
    so = "this is" if summary["reason"] == AS_ASKED else "so"
    advice = f" (--task {summary['other_task']} to override)" if summary["other_task"] else ""
    return f"target {summary['target']!r}: {summary['reason']}, {so} {summary['task']}{advice}"


def _inputs(summary: Summary) -> str:
    inputs = summary["inputs"]
    numbers = [column["name"] for column in inputs if "mean" in column]
    texts = [f"{c['name']} ({len(c['categories'])} texts)" for c in inputs if "categories" in c]
    named = [*numbers, *texts]
    return f"{len(named)} column{'s' * (len(named) > 1)}: {_some(named)}"


def _left_out(summary: Summary) -> str:
    names: dict[str, list[str]] = {}
    for name, reason in summary["left_out"].items():
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{_some(same)} ({reason})" for reason, same in names.items())


def _some(names: list[str]) -> str:
    """Names, not all of them if there are many."""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more


def _parts(summary: Summary) -> str:
    return ", ".join(f"{n} {PURPOSES[name]}" for name, n in summary["rows"].items())


def _ended(summary: Summary) -> str:
    return f"ended after {summary['epochs']} epoch{'s' * (summary['epochs'] != 1)}: {summary['stopped']}"


def _score_rows(summary: Summary) -> dict[str, dict[str, Any]]:
    """The rows of the table of metrics, the baseline last."""
    judge, says = summary["judged_on"], summary["baseline"]["says"]
    rows = {name: {"rows": summary["rows"][name], **found} for name, found in summary["metrics"].items()}
    always = f"{says!r}" if summary["classes"] else f"{says:.4g}, the mean"
    return rows | {
        f"{judge}, if it always said {always}": {"rows": summary["rows"][judge], **summary["baseline"]}
    }


def _verdict(summary: Summary) -> str:
    """The one sentence that most people want."""
    judge = summary["judged_on"]
    rows = f"the {summary['rows'][judge]} {judge} rows"
    found, baseline = summary["metrics"][judge], summary["baseline"]
    seen = {
        "test": "",
        "validation": ", which decided when to stop",
        "training": ", which it was trained on",
    }[judge]
    if summary["classes"]:
        return (
            f"It is right for {found['accuracy']:.1%} of {rows}{seen}; always saying {baseline['says']!r} "
            f"would be right for {baseline['accuracy']:.1%}."
        )
    errors = summary["errors"]
    share = f"{found['r2']:.1%}" if found["r2"] > 0 else "nothing"
    return (
        f"It explains {share} of the variance in {rows}{seen}: half of its errors are below "
        f"{errors['half']:.4g}, nine in ten below {errors['nine_in_ten']:.4g}."
    )


def _scores_html(summary: Summary) -> str:
    rows = _score_rows(summary)
    metrics = [name for name in METRICS if name in next(iter(rows.values()))]
    head = "".join(f'<th class="number" scope="col">{METRICS[name][0]}</th>' for name in metrics)
    lines = [f'<tr><th scope="col">part</th><th class="number" scope="col">rows</th>{head}</tr>']
    for k, (part, found) in enumerate(rows.items()):
        cells = "".join(f'<td class="number">{METRICS[name][1].format(found[name])}</td>' for name in metrics)
        kind = ' class="baseline"' if k == len(rows) - 1 else ""
        lines.append(
            f'<tr{kind}><th scope="row">{escape(part)}</th><td '
            f'class="number">{found["rows"]}</td>{cells}</tr>'
        )
    return _table(lines)


def _confusion_html(summary: Summary) -> str:
    """How many rows of each class were taken for which."""
    classes, judge = [str(label) for label in summary["classes"]], summary["judged_on"]
    head = "".join(f'<th class="number" scope="col">{escape(label)}</th>' for label in classes)
    lines = [f'<tr><th scope="col">is ↓ &nbsp; predicted →</th>{head}</tr>']
    most = max(max(row) for row in summary["confusion"])
    for i, (label, row) in enumerate(zip(classes, summary["confusion"], strict=True)):
        cells = "".join(
            f'<td class="number {"right" if i == j else "wrong" if n else "none"}" style="background: '
            f'rgb({255 - 65 * n // most}, {255 - 80 * n // most}, {255 - 30 * n // most})">{n}</td>'
            for j, n in enumerate(row)
        )
        lines.append(f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>')
    return _table(lines, f"The {judge} rows by class; those on the diagonal are right.")


def _errors_html(summary: Summary) -> str:
    errors = summary["errors"]
    return (
        f"<p>Of the {summary['judged_on']} rows half are predicted within {errors['half']:.4g} of "
        f"{escape(summary['target'])}, nine in ten within {errors['nine_in_ten']:.4g}, and all within "
        f"{errors['all']:.4g}.</p>"
    )


def _picture(curves: bytes) -> str:
    if not curves:
        return '<p class="note">There is no picture of the losses, as matplotlib was not installed.</p>'
    data = b64encode(curves).decode()
    words = "The mean loss of each epoch, of the training rows and, dashed, of the validation rows"
    return f'<p><img alt="{words}" src="data:image/svg+xml;base64,{data}"></p>'


def _inputs_html(summary: Summary) -> str:
    lines = [
        '<tr><th scope="col">input</th><th scope="col">kind</th><th class="number" scope="col">mean</th>'
        '<th class="number" scope="col">standard deviation</th></tr>'
    ]
    for column in summary["inputs"]:
        name = f'<th scope="row">{escape(column["name"])}</th>'
        if "categories" in column:
            kinds = escape(listed(column["categories"]))
            lines.append(f'<tr>{name}<td colspan="3">one of {kinds}</td></tr>')
        else:
            numbers = "".join(f'<td class="number">{column[key]:.6g}</td>' for key in ("mean", "scale"))
            lines.append(f"<tr>{name}<td>number, standardized</td>{numbers}</tr>")
    return _table(lines)


def _list(entries: dict[str, str]) -> str:
    return _table(
        [f'<tr><th scope="row">{name}</th><td>{escape(text)}</td></tr>' for name, text in entries.items()]
    )


def _table(lines: list[str], caption: str = "") -> str:
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{title}\n' + "\n".join(lines) + "\n</table></div>"
