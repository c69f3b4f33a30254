"""A pattern shows the sentences that enough contributors share, and nobody's own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from anonymization.registered import WORKFLOWS
from anonymization.text.content import content_of, item_id_of, shared_templates
from anonymization.text.features import ADDRESS, FIGURES, LENGTH, REQUEST, structure_of
from catalog.floors import DisclosurePolicy
from expectations.disclosure import Contribution
from expectations.identifiers import find_identifiers

POLICY = DisclosurePolicy(
    k_tenants=5, k_after_leaving_out_a_fund=5, max_share=Decimal("0.60"), p_percent=10
)
OURS = "w:we help teams grow"


def by(*rows: int, funds: Sequence[str | None] | None = None) -> list[Contribution]:
    """Contributions of as many tenants, with that many rows each."""
    return [
        Contribution(f"t{n}", funds[n] if funds else f"f{n}", count, Decimal(count))
        for n, count in enumerate(rows)
    ]


def test_what_six_tenants_of_six_funds_share_is_shown() -> None:
    """Five are left, whichever fund leaves its own out."""
    assert shared_templates({OURS: by(1, 1, 1, 1, 1, 1)}, POLICY) == {OURS: "we help teams grow"}


@pytest.mark.parametrize(
    "who",
    [
        by(9),
        by(1, 1, 1, 1),
        by(1, 1, 1, 1, 1),
        by(1, 1, 1, 1, 1, 1, funds=["a", "a", "b", "c", "d", "e"]),
        by(1, 1, 1, 1, 1, 1, funds=[None, "a", "a", "b", "b", "b"]),
        by(20, 1, 1, 1, 1, 1),
        by(500, 499, 1, 1, 1, 1),
    ],
    ids=[
        "one tenant",
        "four",
        "five, one fund less is four",
        "two of one fund",
        "three of one fund",
        "one has most of it",
        "two have nearly all of it",
    ],
)
def test_what_too_few_share_is_not_shown(who: list[Contribution]) -> None:
    """The whole policy holds for a sentence as it does for a cell."""
    assert shared_templates({OURS: who}, POLICY) == {}


def test_twelve_sentences_are_shown_at_most_those_that_most_share() -> None:
    """And in an order that tells nothing of how many share them."""
    shared = {f"w:we help team {chr(97 + n)} grow": by(*[1] * (6 + n)) for n in range(15)}
    shown = list(shared_templates(shared, POLICY).values())
    assert shown == sorted(shown)
    assert shown == [f"we help team {chr(97 + n)} grow" for n in range(3, 15)]


def test_an_items_id_follows_from_its_cell_and_looks_like_nothing() -> None:
    """A correction keeps it, another cell has another, and no check takes it for a secret."""
    ids = {
        item_id_of("f", {"a": a, "b": b}, ("a", "b")): (a, b) for a in range(30) for b in range(30)
    }
    assert len(ids) == 900
    assert item_id_of("g", {"a": 0, "b": 0}, ("a", "b")) not in ids
    assert all(each.isalpha() for each in ids)
    assert not any(find_identifiers(list(ids)))


@pytest.mark.parametrize(
    "workflow", [w for w in WORKFLOWS if w.text], ids=lambda workflow: workflow.name
)
def test_every_hidden_dimension_stays_out_of_the_words(workflow: object) -> None:
    """Where a dimension is hidden its pattern says nothing of it, not even a star."""
    assert workflow.text  # type: ignore[attr-defined]
    cell = dict.fromkeys(workflow.dimension_names, "*")  # type: ignore[attr-defined]
    words = content_of(workflow.text, cell | {"structure": "brief"}, [])  # type: ignore[attr-defined]
    assert "*" not in words
    assert words.endswith(": brief.")


@pytest.mark.parametrize(
    ("text", "structure"),
    [
        (
            "Would <ACCOUNT_NAME_1> have fifteen minutes?",
            "brief; asks for a meeting; names somebody",
        ),
        ("Is it worth it?", "brief; asks a question; names nobody"),
        ("Reply and I will call you.", "brief; asks for a meeting; names nobody"),
        ("word " * 30, "medium; asks nothing; names nobody"),
        ("word " * 80 + "<EMAIL_1>", "long; asks nothing; names nobody"),
        ("", "brief; asks nothing; names nobody"),
    ],
)
def test_structure_is_told_in_our_words(text: str, structure: str) -> None:
    """Features are found by rule, and their values are ours."""
    assert structure_of(text, (LENGTH, REQUEST, ADDRESS)) == structure


def test_a_placeholders_number_is_no_figure() -> None:
    """Or every stripped text would give figures."""
    assert structure_of("Call <PHONE_1>", (FIGURES,)) == "gives no figures"
    assert structure_of("Call by 5", (FIGURES,)) == "gives figures"
