"""Who requested a run: tags are anybody's to write, so a name in them needs its proof."""

from __future__ import annotations

import pytest

from dagster_project.requester import (
    REQUESTED_BY_TAG,
    UNPROVEN_REQUESTER,
    proven_requester,
    requester_tags,
)

KEY, ANOTHER_KEY = b"k" * 32, b"K" * 32
RUN, ANOTHER_RUN = "run-of-today", "run-of-yesterday"
OF_ADA = requester_tags(KEY, "ada", RUN)
(PROOF_TAG,) = set(OF_ADA) - {REQUESTED_BY_TAG}


def test_the_unproven_requester_is_the_service() -> None:
    """Records name the service so that they do not blame a person for an unproven request."""
    assert UNPROVEN_REQUESTER == "service"


@pytest.mark.parametrize(
    "tags",
    [
        {REQUESTED_BY_TAG: "ada"},
        {REQUESTED_BY_TAG: "ada", PROOF_TAG: ""},
        {REQUESTED_BY_TAG: "ada", PROOF_TAG: "0" * 64},
        {REQUESTED_BY_TAG: "ada", PROOF_TAG: "caf\u00e9"},
        {PROOF_TAG: OF_ADA[PROOF_TAG]},
    ],
    ids=["no proof", "empty proof", "guessed proof", "no hash at all", "no name"],
)
def test_a_name_without_its_proof_is_worth_nothing(tags: dict[str, str]) -> None:
    """Whoever starts a run in the Dagster UI writes its tags."""
    assert proven_requester(KEY, tags, RUN) == UNPROVEN_REQUESTER


def test_a_proof_does_not_carry_another_name() -> None:
    """A steward who requests may not put another's name under the request, and then approve it."""
    forged = OF_ADA | {REQUESTED_BY_TAG: "bob"}
    assert proven_requester(KEY, forged, RUN) == UNPROVEN_REQUESTER


def test_a_proof_of_another_run_is_worth_nothing() -> None:
    """Dagster copies the tags of a run when somebody executes it again; who that is, is unknown."""
    assert proven_requester(KEY, OF_ADA, ANOTHER_RUN) == UNPROVEN_REQUESTER


def test_a_proof_under_another_key_is_worth_nothing() -> None:
    """Each installation has its own key; what one proves, no other believes."""
    forged = requester_tags(ANOTHER_KEY, "ada", RUN)
    assert proven_requester(KEY, forged, RUN) == UNPROVEN_REQUESTER


@pytest.mark.parametrize("tags", [{}, {REQUESTED_BY_TAG: ""}, requester_tags(KEY, "", RUN)])
def test_an_empty_name_is_the_service(tags: dict[str, str]) -> None:
    """Nobody is not a person, even with a proof."""
    assert proven_requester(KEY, tags, RUN) == UNPROVEN_REQUESTER


@pytest.mark.parametrize("name", ["ada", "service", "Zo\u00eb \U0001f600", "a" * 500])
def test_a_proven_name_counts(name: str) -> None:
    """The command line checks a credential, and its word must reach the record."""
    assert proven_requester(KEY, requester_tags(KEY, name, RUN), RUN) == name


def test_other_tags_of_the_run_change_nothing() -> None:
    """Dagster adds tags of its own."""
    assert proven_requester(KEY, OF_ADA | {"dagster/partition": "x"}, RUN) == "ada"


def test_the_key_is_not_in_the_tags() -> None:
    """Everybody who opens the Dagster UI reads them."""
    shown = "".join((*OF_ADA, *OF_ADA.values()))
    assert KEY.decode() not in shown
    assert KEY.hex() not in shown
