"""Rounding in whole numbers: the same as rounding the exact fraction, digit for digit."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from anonymization.engines.measures import Sum
from anonymization.rounding import rounded, rounded_units

roundings = st.one_of(
    st.builds(Sum, st.just("a"), st.just("a"), decimals=st.integers(-4, 6)),
    st.builds(Sum, st.just("a"), st.just("a"), significant_digits=st.integers(1, 4)),
)
units = st.one_of(
    st.integers(-(10**30), 10**30),
    st.builds(
        lambda halves, power: 5 * halves * 10**power, st.integers(-50, 50), st.integers(0, 8)
    ),
)


@given(measure=roundings, number=units, scale=st.integers(0, 8))
def test_units_round_like_the_fraction_they_stand_for(
    measure: Sum, number: int, scale: int
) -> None:
    """A published digit may not depend on which of the two ways was taken."""
    by_units = rounded_units(measure, number, scale)
    by_fraction = rounded(measure, Fraction(number, 10**scale))
    assert str(by_units) == str(by_fraction)
