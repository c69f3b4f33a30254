"""Draws a lineage tree for a terminal, for a browser and for Mermaid; names are never markup."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rich.text import Text
from rich.tree import Tree

from catalog.data_classes import DataClass
from catalog.datahub_client import Crossing, PromotionRun, Trail, TrailNode

__all__ = ["crossing_line", "html_page", "mermaid_graph", "terminal_tree"]

_TERMINAL_COLORS = {
    DataClass.TENANT_PRIVATE: "red",
    DataClass.FUND_PRIVATE: "yellow",
    DataClass.ANONYMIZED_BENCHMARK: "green",
    DataClass.ASCEND_PLATFORM_METRIC: "blue",
}
_COLORS = {
    DataClass.TENANT_PRIVATE: "#B42318",
    DataClass.FUND_PRIVATE: "#B54708",
    DataClass.ANONYMIZED_BENCHMARK: "#027A48",
    DataClass.ASCEND_PLATFORM_METRIC: "#175CD3",
}
_UNLABELLED = "unlabelled"
_UNLABELLED_COLOR = "#475467"


def crossing_line(crossing: Crossing) -> str:
    """A change of class in one line: from, to, and by which workflow, approver and day."""
    change = f"{_label(crossing.from_class)} → {_label(crossing.to_class)}"
    if crossing.workflow is None:
        return f"{change}: NO WORKFLOW declares this change of class"
    if crossing.run is None:
        return f"{change} by {crossing.workflow}: nothing promoted yet"
    return f"{change} by {crossing.workflow}, {_approval(crossing.run)}"


def terminal_tree(node: TrailNode) -> Tree:
    """The tree with its classes in colour and each change of class on a line of its own."""
    tree = Tree(_terminal_label(node))
    _grow(tree, node)
    return tree


def mermaid_graph(trail: Trail, *, upstream: bool) -> str:
    """The trees of datasets and columns as one Mermaid flowchart; data flows from left to right."""
    roots = (trail.root, *trail.columns)
    nodes = {node.urn: node for root in roots for node in _every(root)}
    names = {urn: f"n{number}" for number, urn in enumerate(nodes)}
    lines = ["flowchart LR"]
    for urn, node in nodes.items():
        label = _mermaid(f"{node.name} [{_label(node.data_class)}]")
        lines.append(f'    {names[urn]}["{label}"]:::{node.data_class or _UNLABELLED}')
    drawn: dict[str, None] = {}
    for root in roots:
        for above, node in _edges(root):
            source, target = (node, above) if upstream else (above, node)
            marks = "; ".join(map(crossing_line, node.crossings))
            arrow = f'== "{_mermaid(marks)}" ==>' if marks else "-->"
            drawn[f"    {names[source.urn]} {arrow} {names[target.urn]}"] = None
    lines += drawn
    lines += [f"    classDef {known} color:#fff,fill:{color}" for known, color in _COLORS.items()]
    lines.append(f"    classDef {_UNLABELLED} color:#fff,fill:{_UNLABELLED_COLOR}")
    return "\n".join(lines) + "\n"


def html_page(trail: Trail, *, title: str) -> str:
    """A page of its own, without scripts and without anything loaded from elsewhere."""
    columns = "".join(f"<ul>{_html(tree)}</ul>" for tree in trail.columns)
    promotions = "".join(_html_row(run) for run in trail.promotions)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f"<ul>{_html(trail.root)}</ul>"
        + (f"<h2>Columns</h2>{columns}" if columns else "")
        + (f"<h2>Promotions</h2><table>{_HTML_HEAD}{promotions}</table>" if promotions else "")
        + "</html>\n"
    )


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;color:#101828}"
    "ul{list-style:none;border-left:2px solid #d0d5dd;padding-left:1.2rem;margin:.3rem 0}"
    "b{color:#fff;border-radius:.3rem;padding:.05rem .4rem;font-weight:500;font-size:.85em}"
    "p{margin:.1rem 0;font-weight:600}small{color:#475467}"
    "td,th{text-align:left;padding:.2rem .8rem .2rem 0}"
)
_HTML_HEAD = (
    "<tr><th>published</th><th>state</th><th>workflow</th><th>from</th><th>to</th>"
    "<th>approved by</th><th>cells</th><th>promotion</th></tr>"
)


def _approval(run: PromotionRun) -> str:
    if run.published_at is None:
        return f"not published (promotion {run.run_id})"
    approver = f"approved by {run.approved_by}" if run.approved_by else "NO APPROVER recorded"
    return f"{approver} on {run.published_at:%Y-%m-%d} (promotion {run.run_id})"


def _label(data_class: DataClass | None) -> str:
    return str(data_class) if data_class is not None else _UNLABELLED


def _terminal_label(node: TrailNode) -> Text:
    color = _TERMINAL_COLORS.get(node.data_class) if node.data_class else None
    text = Text.assemble(node.name, " ", (f"[{_label(node.data_class)}]", color or "dim"))
    for crossing in node.crossings:
        text.append(f"\n⚑ {crossing_line(crossing)}", style="bold")
    if node.repeated:
        text.append("  (followed above)", style="dim")
    return text


def _grow(tree: Tree, node: TrailNode) -> None:
    for child in node.children:
        _grow(tree.add(_terminal_label(child)), child)


def _html(node: TrailNode) -> str:
    color = _COLORS.get(node.data_class, _UNLABELLED_COLOR) if node.data_class else None
    marks = "".join(f"<p>⚑ {escape(crossing_line(mark))}</p>" for mark in node.crossings)
    below = "".join(map(_html, node.children))
    return (
        f"<li>{marks}{escape(node.name)} "
        f'<b style="background:{color or _UNLABELLED_COLOR}">{_label(node.data_class)}</b>'
        + ("<small> followed above</small>" if node.repeated else "")
        + (f"<ul>{below}</ul>" if below else "")
        + "</li>"
    )


def _html_row(run: PromotionRun) -> str:
    published = f"{run.published_at:%Y-%m-%d %H:%M}" if run.published_at else "-"
    cells = (
        published,
        run.state or "-",
        run.workflow,
        run.from_class,
        run.to_class,
        run.approved_by or "-",
        run.cells_kept or "-",
        run.run_id,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _every(node: TrailNode) -> Iterator[TrailNode]:
    yield node
    for child in node.children:
        yield from _every(child)


def _edges(node: TrailNode) -> Iterator[tuple[TrailNode, TrailNode]]:
    for child in node.children:
        yield node, child
        yield from _edges(child)


def _mermaid(text: str) -> str:
    """Text inside quotes of Mermaid: what could end or format it is written by its number."""
    return "".join(
        letter if letter.isalnum() or letter in " ._-,:()→[]" else f"#{ord(letter)};"
        for letter in text
    )
