"""Draws where a workflow's data comes from and which class it leaves with, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from catalog.data_classes import DataClass

__all__ = ["CLASS_COLOURS", "Flow", "Node", "flow_picture"]

CLASS_COLOURS: Mapping[DataClass, str] = {
    DataClass.TENANT_PRIVATE: "#b5493f",
    DataClass.FUND_PRIVATE: "#a06a14",
    DataClass.ANONYMIZED_BENCHMARK: "#2f7d52",
    DataClass.ASCEND_PLATFORM_METRIC: "#4a6fb5",
}
_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 236, 54, 44, 16, 8
_LONGEST = 34


@dataclass(frozen=True, slots=True)
class Node:
    """A box: a dataset or a workflow, the class of what is in it, and a line about it."""

    name: str
    data_class: DataClass
    told: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Columns of boxes, left to right; everything of a column flows into all of the next.

    ``crossing`` is the number of the column at whose entrance the class changes.
    """

    columns: Sequence[Sequence[Node]]
    crossings: Mapping[int, str] = field(default_factory=dict)


def flow_picture(flow: Flow, title: str) -> str:
    """The picture; the class stands in words in every box, so colour is not needed to read it."""
    tallest = max(len(column) for column in flow.columns)
    width = 2 * _MARGIN + len(flow.columns) * (_BOX_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + tallest * (_BOX_HEIGHT + _GAP_Y) + (16 if flow.crossings else -_GAP_Y)
    places = [_places(len(column), tallest, at) for at, column in enumerate(flow.columns)]
    told = " -> ".join(
        ", ".join(f"{node.name} [{node.data_class}]" for node in column) for column in flow.columns
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="12" fill="currentColor">'
    )
    parts = [
        head,
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>",
    ]
    for at in range(1, len(flow.columns)):
        crossing = flow.crossings.get(at)
        for x, y in places[at - 1]:
            for to_x, to_y in places[at]:
                parts.append(_arrow(x + _BOX_WIDTH, y, to_x, to_y, crosses=crossing is not None))
        if crossing:
            parts.append(
                f'<text x="{places[at][0][0] - _GAP_X / 2}" y="{height - 10}" font-size="11" '
                f'text-anchor="middle">{escape(crossing)}</text>'
            )
    for column, spots in zip(flow.columns, places, strict=True):
        for node, (x, y) in zip(column, spots, strict=True):
            parts.append(_box(node, x, y))
    return "".join([*parts, "</svg>"])


def _places(count: int, tallest: int, column: int) -> list[tuple[float, float]]:
    """Left edge and middle height of each box of a column."""
    x = _MARGIN + column * (_BOX_WIDTH + _GAP_X)
    step = _BOX_HEIGHT + _GAP_Y
    first = _MARGIN + (tallest - count) * step / 2 + _BOX_HEIGHT / 2
    return [(x, first + number * step) for number in range(count)]


def _arrow(x: float, y: float, to_x: float, to_y: float, *, crosses: bool) -> str:
    middle = (x + to_x) / 2
    dashed = ' stroke-dasharray="5 3" stroke-width="2"' if crosses else ""
    return (
        f'<path d="M{x:.0f} {y:.0f}C{middle:.0f} {y:.0f} {middle:.0f} {to_y:.0f} '
        f'{to_x - 6:.0f} {to_y:.0f}" fill="none" stroke="currentColor"{dashed}/>'
        f'<path d="M{to_x - 7:.0f} {to_y - 4:.0f}l7 4l-7 4z"/>'
    )


def _box(node: Node, x: float, y: float) -> str:
    top = y - _BOX_HEIGHT / 2
    colour = CLASS_COLOURS[node.data_class]
    return (
        f'<rect x="{x}" y="{top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="6" '
        f'fill="{colour}" fill-opacity="0.10" stroke="{colour}" stroke-width="1.5">'
        f"<title>{escape(node.name)}</title></rect>"
        f'<text x="{x + 10}" y="{top + 18}" font-weight="bold">{escape(_short(node.name))}</text>'
        f'<text x="{x + 10}" y="{top + 33}" font-size="11">{escape(str(node.data_class))}</text>'
        f'<text x="{x + 10}" y="{top + 47}" font-size="11">{escape(_short(node.told))}</text>'
    )


def _short(text: str) -> str:
    text = text.rpartition(".")[2] if len(text) > _LONGEST else text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
