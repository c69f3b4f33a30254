"""Draws how many tenants stand behind a candidate's cells, as SVG; made of counts alone."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["cell_size_picture"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 560, 220, 44, 44, 28
_MOST_BARS = 28


def cell_size_picture(tenants: Mapping[int, int], k: int) -> str:
    """A histogram: ``tenants`` maps distinct tenants behind a cell to how many cells have so many.

    The line at k shows how far from the floor the smallest cells are. The same counts draw the
    same bytes.
    """
    bars = _bars(tenants)
    most = max((count for _, _, count in bars), default=1)
    width = (_WIDTH - _LEFT - 12) / max(len(bars), 1)
    height = _HEIGHT - _BOTTOM - _TOP
    cells = sum(tenants.values())
    smallest = min(tenants, default=0)
    told = (
        f"{cells:,} cells; the smallest stands for {smallest} distinct tenants, "
        f"the policy asks for {k}"
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="currentColor">'
    )
    axis = (
        f'<text x="{(_WIDTH + _LEFT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">'
        "distinct tenants behind a cell</text>"
    )
    parts = [
        head,
        f"<title>Cells by number of distinct tenants</title><desc>{escape(told)}</desc>",
        f'<text x="{_LEFT}" y="16">{escape(told)}</text>',
    ]
    for number, (low, high, count) in enumerate(bars):
        tall = max(height * count / most, 1) if count else 0
        x = _LEFT + number * width
        span = str(low) if low == high else f"{low}-{high}"
        parts.append(
            f'<rect x="{x + 1:.1f}" y="{_TOP + height - tall:.1f}" width="{max(width - 2, 1):.1f}" '
            f'height="{tall:.1f}" fill="#4a7fc1"><title>{span} tenants: {count:,} cells</title>'
            "</rect>"
        )
        if len(bars) <= _MOST_BARS // 2 or number % 3 == 0:
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="{_TOP + height + 15}" text-anchor="middle" '
                f'font-size="11">{span}</text>'
            )
    base = _TOP + height
    parts += [
        f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - 12}" y2="{base}" stroke="currentColor"/>',
        f'<text x="{_LEFT - 6}" y="{_TOP + 10}" text-anchor="end">{most:,}</text>',
        f'<text x="{_LEFT - 6}" y="{base}" text-anchor="end">0</text>',
        axis,
        "</svg>",
    ]
    return "".join(parts)


def _bars(tenants: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """First and last number of tenants of each bar, and its cells."""
    if not tenants:
        return []
    low, high = min(tenants), max(tenants)
    step = -(-(high - low + 1) // _MOST_BARS)
    return [
        (start, end, sum(tenants.get(size, 0) for size in range(start, end + 1)))
        for start in range(low, high + 1, step)
        for end in (min(start + step - 1, high),)
    ]
