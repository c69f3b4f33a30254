"""What the engines refuse; messages carry names of columns and counts, never a value.

EngineError
├── UnreadableTable      the file is missing, empty, without header, ragged or not UTF-8
├── ChangedTable         the file changed while it was read
├── ContradictoryTable   the file says of its rows what they are not
├── UnknownColumns       columns were asked for that the table does not have
├── UnusableColumn       a column cannot play the part it is given, or its values cannot
├── SumOverflow          a sum needs more than 64 bits
├── MisnumberedCells     cell numbers or labels that do not fit the combinations
├── UnsafeMeasure        a measure that would let a raw value pass
├── UnwritableFile       an output that is neither .parquet nor .csv
└── EngineFailure        the engine itself gave up (memory, disk, a fault of ours)
"""

from __future__ import annotations

__all__ = [
    "SUM_OVERFLOW",
    "ChangedTable",
    "ContradictoryTable",
    "EngineError",
    "EngineFailure",
    "MisnumberedCells",
    "SumOverflow",
    "UnknownColumns",
    "UnreadableTable",
    "UnsafeMeasure",
    "UnusableColumn",
    "UnwritableFile",
]

SUM_OVERFLOW = (
    "a sum needs more than 64 bits: refused rather than rounded; give the amount in a coarser unit"
)


class EngineError(ValueError):
    """Base of what this package refuses."""


class UnreadableTable(EngineError):
    """The file is no table that can be read."""


class ChangedTable(EngineError):
    """The file is not the one that was opened: what was counted of it does not hold together."""


class ContradictoryTable(EngineError):
    """What the file says of its rows is not what they are."""


class UnknownColumns(EngineError):
    """Columns that the table does not have."""


class UnusableColumn(EngineError):
    """A column, or values in it, that cannot play the part asked of it."""


class SumOverflow(EngineError):
    """A sum that does not fit."""


class MisnumberedCells(EngineError):
    """Cell numbers, or labels, that do not fit the combinations."""


class UnwritableFile(EngineError):
    """An output of a kind that is not written."""


class UnsafeMeasure(EngineError):
    """A measure that would release a raw value."""


class EngineFailure(EngineError):
    """The engine gave up."""
