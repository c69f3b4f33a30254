"""Expectations on groups: how many stand behind each, how varied it is, whether one dominates.

`expectations.disclosure` judges; a group is told by its number of rows and subjects alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from expectations.disclosure.classes import Classes
from expectations.disclosure.closeness import Distance, TCloseness
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.counting import KRows, KTenants
from expectations.disclosure.diversity import (
    DistinctDiversity,
    EntropyDiversity,
    RecursiveDiversity,
)
from expectations.disclosure.models import Model
from expectations.errors import UnmeasurableModel
from expectations.gx.counted_expectation import CountedExpectation, Judged
from expectations.gx.metrics import GROUPS, VALUES

__all__ = [
    "ExpectNoTenantToDominate",
    "ExpectTableToBeKAnonymous",
    "ExpectTableToBeLDiverse",
    "ExpectTableToBeTClose",
]

# Any: Great Expectations hands kwargs and resolved metrics over untyped.
_Kwargs = Mapping[str, Any]


class ExpectTableToBeKAnonymous(CountedExpectation):
    """Every group of equal quasi-identifiers has k distinct subjects, or k rows without one."""

    quasi_identifiers: Sequence[str]
    k: int
    subject_column: str | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = (GROUPS,)
    success_keys: ClassVar[tuple[str, ...]] = ("quasi_identifiers", "k", "subject_column")

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        of = kwargs.get("subject_column")
        counted = f"different values of {of}" if of else "rows"
        return f"Each group by {_listed(kwargs)} must have at least {kwargs.get('k')} {counted}."

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether every group reaches k."""
        _require(self.quasi_identifiers)
        classes: Classes = metrics[GROUPS]
        return _judged(KTenants(self.k) if self.subject_column else KRows(self.k), classes)


class ExpectTableToBeLDiverse(CountedExpectation):
    """Every group holds varied sensitive values, by one of three measures.

    ``measure``: ``distinct`` values, ``entropy`` of log l, or ``recursive`` (c, l).
    """

    quasi_identifiers: Sequence[str]
    sensitive_column: str
    l: float  # noqa: E741 - the model's own name
    measure: str = "distinct"
    c: float | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = (VALUES,)
    success_keys: ClassVar[tuple[str, ...]] = (
        "quasi_identifiers",
        "sensitive_column",
        "l",
        "measure",
        "c",
    )

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        return (
            f"Each group by {_listed(kwargs)} must be {kwargs.get('l')}-diverse in "
            f"{kwargs.get('sensitive_column')} ({kwargs.get('measure') or 'distinct'})."
        )

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether every group is varied enough."""
        _require(self.quasi_identifiers)
        return _judged(self._model(), metrics[VALUES])

    def _model(self) -> Model:
        match self.measure:
            case "distinct" if self.l == int(self.l):
                return DistinctDiversity(int(self.l))
            case "entropy":
                return EntropyDiversity(self.l)
            case "recursive" if self.c is not None and self.l == int(self.l):
                return RecursiveDiversity(Fraction(str(self.c)), int(self.l))
        message = (
            "l-diversity is measured as distinct, entropy or recursive; the first and the last "
            "take a whole l, and recursive a c as well: refused"
        )
        raise UnmeasurableModel(message)


class ExpectTableToBeTClose(CountedExpectation):
    """No group's sensitive values lie further than t from those of the whole table."""

    quasi_identifiers: Sequence[str]
    sensitive_column: str
    t: float
    distance: str = str(Distance.EQUAL)

    metric_dependencies: ClassVar[tuple[str, ...]] = (VALUES,)
    success_keys: ClassVar[tuple[str, ...]] = (
        "quasi_identifiers",
        "sensitive_column",
        "t",
        "distance",
    )

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        return (
            f"Each group by {_listed(kwargs)} must lie within {kwargs.get('t')} of the whole "
            f"table in {kwargs.get('sensitive_column')}."
        )

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether every group is close enough."""
        _require(self.quasi_identifiers)
        if self.distance not in {Distance.EQUAL, Distance.ORDERED}:
            message = "t-closeness takes the equal or the ordered distance here: refused"
            raise UnmeasurableModel(message)
        return _judged(TCloseness(self.t, Distance(self.distance)), metrics[VALUES])


class ExpectNoTenantToDominate(CountedExpectation):
    """No subject holds more than a share of any group, by amount or by rows; and the p% rule."""

    quasi_identifiers: Sequence[str]
    subject_column: str
    max_share: float
    amount_column: str | None = None
    p_percent: float | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = (GROUPS,)
    success_keys: ClassVar[tuple[str, ...]] = (
        "quasi_identifiers",
        "subject_column",
        "max_share",
        "amount_column",
        "p_percent",
    )

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        p = kwargs.get("p_percent")
        rule = f", and none may estimate the largest to within {p} %" if p is not None else ""
        return (
            f"In each group by {_listed(kwargs)}, no one value of {kwargs.get('subject_column')} "
            f"may hold more than {kwargs.get('max_share')} of the "
            f"{kwargs.get('amount_column') or 'rows'}{rule}."
        )

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether nobody dominates a group."""
        _require(self.quasi_identifiers)
        held = Held.AMOUNTS if self.amount_column else Held.ROWS
        models: list[Model] = [Dominance(Fraction(str(self.max_share)), of=held)]
        if self.p_percent is not None:
            models.append(PPercent(Fraction(str(self.p_percent)), of=held))
        return _judged(models[0], metrics[GROUPS], *models[1:])


def _listed(kwargs: _Kwargs) -> str:
    return ", ".join(kwargs.get("quasi_identifiers") or ())


def _require(quasi_identifiers: Sequence[str]) -> None:
    if not quasi_identifiers:
        message = "no quasi-identifier is named: refused; name the columns that form a group"
        raise UnmeasurableModel(message)


def _judged(model: Model, classes: Classes, *others: Model) -> Judged:
    """Groups that fail any model, beside the worst that the first one measured."""
    held = model.satisfied(classes)
    for other in others:
        held &= other.satisfied(classes)
    failing = int((~held).sum())
    counts: dict[str, float] = {
        "rows": classes.total_rows,
        "groups": len(classes),
        "groups_failing": failing,
        "rows_failing": int(classes.rows[~held].sum()),
    }
    if len(classes):
        measured = model.measured(classes)
        worst = float(measured.min() if model.higher_is_safer else measured.max())
        # JSON has no infinity; a measure that has no bound is left out
        counts |= {f"worst_{model.name}": worst} if abs(worst) != float("inf") else {}
    return Judged(holds=not failing, observed=failing, counts=counts)
