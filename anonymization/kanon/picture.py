"""Draws a release: how large its cells are, what was suppressed, what a larger k would cost.

The picture is made of counts alone. It draws without a display, and the same release draws the
same SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AtK", "draw"]

_BLUE, _GREY, _RED = "#2b6cb0", "#a0aec0", "#c53030"


@dataclass(frozen=True, slots=True)
class AtK:
    """What a release would be at one k: how much detail is left, and what share of rows is not."""

    k: int
    utility: float
    suppressed_share: float


def draw(path: Path, sizes: npt.NDArray[np.int64], curve: Sequence[AtK], k: int, unit: str) -> None:
    """Write the picture; ``sizes`` are the rows of each cell, ``unit`` what k counts."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to load, and few calls draw
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "classline", "font.size": 8.5}):
        figure = Figure(figsize=(11, 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        histogram, suppressed, utility = figure.subplots(1, 3)
        _draw_sizes(histogram, sizes)
        _draw_suppressed(suppressed, curve, k, unit)
        _draw_utility(utility, curve, k, unit)
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        figure.savefig(path, dpi=120, metadata=metadata)


def _draw_sizes(axes: Axes, sizes: npt.NDArray[np.int64]) -> None:
    largest = int(sizes.max(initial=1))
    smallest = int(sizes.min(initial=largest))
    edges = np.unique(np.geomspace(smallest, largest + 1, 25).round())
    axes.hist(sizes, bins=edges.tolist(), color=_BLUE)
    axes.set_xscale("log")
    axes.set_title(f"{len(sizes):,} cells by size")
    axes.set_xlabel("rows in a cell")
    axes.set_ylabel("cells")


def _draw_suppressed(axes: Axes, curve: Sequence[AtK], k: int, unit: str) -> None:
    places = np.arange(len(curve))
    shares = [100 * each.suppressed_share for each in curve]
    axes.bar(places, shares, color=[_RED if each.k == k else _GREY for each in curve])
    axes.set_xticks(places, [str(each.k) for each in curve])
    axes.set_ylim(0, max(*shares, 1) * 1.15)
    for place, share in zip(places, shares, strict=True):
        axes.annotate(f"{share:.1f}", (float(place), share), ha="center", va="bottom")
    axes.set_title("suppressed rows")
    axes.set_xlabel(f"k ({unit}); this release in red")
    axes.set_ylabel("% of all rows")


def _draw_utility(axes: Axes, curve: Sequence[AtK], k: int, unit: str) -> None:
    ks = [each.k for each in curve]
    axes.plot(ks, [each.utility for each in curve], color=_BLUE, marker="o")
    here = [each.utility for each in curve if each.k == k]
    axes.plot([k] * len(here), here, color=_RED, marker="o", linestyle="none")
    axes.set_xscale("log")
    axes.set_xticks(ks, [str(each) for each in ks])
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    axes.set_title("utility (1 - loss, suppressed rows lose all)")
    axes.set_xlabel(f"k ({unit})")
