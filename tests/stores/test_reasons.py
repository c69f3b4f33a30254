"""A reason reads as it is stored: Python and the database refuse the same characters."""

from __future__ import annotations

import unicodedata

import pytest
from sqlalchemy import text

from stores.boundary.rules import SAID_COLUMNS
from stores.errors import BoundaryRefused, translated_errors
from stores.platform import Platform
from stores.reasons import characters_seen, hidden_character, unfit_reason

_EVERY = [chr(code) for code in range(0x110000)]
_JOINERS = "\u200c\u200d"


def _hiding(before: str, characters: list[str]) -> list[str]:
    return [one for one in characters if hidden_character(f"{before}{one}")]


def test_whatever_controls_or_formats_is_refused() -> None:
    """Over all that Unicode has: Cc, Cf, Co, separators of lines and halves of pairs."""
    seen = {"\t", "\n", *_JOINERS}
    unseen = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"}
    missed = [
        hex(ord(one))
        for one in _EVERY
        if unicodedata.category(one) in unseen and one not in seen and not hidden_character(one)
    ]
    assert missed == []


def test_what_is_seen_is_not_refused() -> None:
    """No letter, number, sign or blank but those that Unicode says are drawn as nothing."""
    drawn_as_nothing = "\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159"
    refused = [
        hex(ord(one))
        for one in _hiding("", _EVERY)
        if unicodedata.category(one)[0] in "LNPS" or unicodedata.category(one) == "Zs"
    ]
    known = [one for one in drawn_as_nothing if unicodedata.category(one) != "Cn"]
    assert refused == [hex(ord(one)) for one in known]


@pytest.mark.parametrize(
    "reason",
    [
        "looked at twice \U0001f44d, and \u2714\ufe0f",
        "two lines\n\tof it",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0dbd\u0d82\u0d9a\u0dcf",  # Sinhala, with a joiner
    ],
)
def test_real_scripts_and_emoji_are_taken(reason: str) -> None:
    """A joiner is taken where it is written: after a letter of a script that has it."""
    assert unfit_reason(reason) is None


@pytest.mark.parametrize(
    "reason",
    [
        "k is \u202e21\u202c now", "\u2066isolated\u2069", "\u200fright to left",
        "no\u200bspace", "app\u200croved", "app\u200droved", "\u200dfirst", "\u0645\u200c\u200cx",
        "tags\U000e0041\U000e0042", "smuggled\ufe00\U000e0100", "soft\u00adhyphen",
        "\ufe0f\ufe0f\ufe0flooked", "it \ufe0fholds", "it\ufe0f\ufe0e holds",
        "\u0645\u200d\ufe0f holds", "\u1100\u200d\u1100", "\u10d0\u200cx1", "\u1200\u200dx1",
        "\u2800" * 3, "\U0001d159" * 3, "\ue000" * 3, "\U000f0000" * 3, "\U00100000" * 3,
        "\u3164" * 3, "\uffa0" * 3, "\u1160" * 3, "\u17b5" * 3, "\U00050000" * 3,
        "line\u2028separator", "nul\x00", "\udc80 half", "\ufeffmark", "\u061cmark",
    ],
)  # fmt: skip
def test_what_hides_is_refused_by_its_number(reason: str) -> None:
    """The message is safe to print: it says which, and shows none."""
    unfit = unfit_reason(reason)
    assert unfit is not None
    assert unfit.isprintable()
    assert "this one has U+" in unfit


@pytest.mark.integration
@pytest.mark.parametrize("before", ["", "a", "\u0645", "\u200a", "\ufe0f"])
def test_the_database_refuses_the_same_characters(platform: Platform, before: str) -> None:
    """Every code point that a text of PostgreSQL can hold; after a letter joiners are taken."""
    storable = [one for one in _EVERY[1:] if unicodedata.category(one) != "Cs"]
    with platform.admin_engine().connect() as connection:
        refused = connection.execute(
            text(
                "SELECT c FROM generate_series(1, 1114111) c WHERE c NOT BETWEEN 55296 AND 57343 "
                "AND control.hides_text(CAST(:before AS text) || chr(c)) ORDER BY c"
            ),
            {"before": before},
        ).scalars()
        assert list(map(chr, refused)) == _hiding(before, storable)


@pytest.mark.integration
@pytest.mark.parametrize("joiner", _JOINERS)
def test_the_database_takes_joiners_after_the_same_letters(platform: Platform, joiner: str) -> None:
    """And after no other character, the first of the text among them."""
    edges = [*"\u05ff\u0606\u109f\u10a0\u1100\u1200\u177f\u1780\u18af\u18b0"]
    before = ["", "a", *edges, "\u0645\u200c", "\u2714\ufe0f", "\U0001f469"]
    with platform.admin_engine().connect() as connection:
        refused = connection.execute(
            text("SELECT control.hides_text(b || :j) FROM unnest(CAST(:before AS text[])) b"),
            {"before": before, "j": joiner},
        ).scalars()
        assert list(refused) == [hidden_character(one + joiner) is not None for one in before]


@pytest.mark.integration
@pytest.mark.parametrize(("table", "column"), SAID_COLUMNS.items())
def test_no_table_takes_what_hides(platform: Platform, table: str, column: str) -> None:
    """Not from an administrator either, and before anything else is looked at."""
    code = "CL030" if table == "control.promotion_transitions" else "CL055"  # by hand it takes none
    insert = text(f"INSERT INTO {table} ({column}) VALUES (:said)")
    with platform.admin_engine().connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        with pytest.raises(BoundaryRefused, match=code) as refused, translated_errors():
            connection.execute(insert, {"said": "k is \u202e21"})
    assert "\u202e" not in str(refused.value)


@pytest.mark.integration
def test_every_column_of_reasons_is_declared(platform: Platform) -> None:
    """A new table with a reason is guarded too; a promotion's becomes its transition's."""
    with platform.admin_engine().connect() as connection:
        found = connection.execute(
            text(
                "SELECT table_schema || '.' || table_name FROM information_schema.columns "
                "WHERE column_name = 'reason' AND table_schema IN ('control', 'platform')"
            )
        ).scalars()
        assert set(found) == {table for table, column in SAID_COLUMNS.items() if column == "reason"}


_SHOWS_TOO_LITTLE = [
    "\u00a0" * 3, "\n" * 3, "\t" * 3, "\u3000" * 3, "\u2003\u2009\u205f", "\n\u00a0a\u00a0\n",
    "\ufe0f" * 3, "a\ufe0fb\ufe0f", "\u0645\u200c\u0645\u200c", "a b", "\u2800" * 3,
    "\U0001d159" * 3, "\ue000" * 3, "\u1100\u200d\u1100", "\u3164" * 3, "\uffa0" * 3,
]  # fmt: skip


@pytest.mark.parametrize("reason", _SHOWS_TOO_LITTLE)
def test_what_shows_too_little_is_refused(reason: str) -> None:
    """Blanks are none of the three characters, nor is what hangs on another."""
    assert unfit_reason(reason) is not None


@pytest.mark.integration
@pytest.mark.parametrize("reason", _SHOWS_TOO_LITTLE)
def test_the_database_takes_nothing_that_shows_too_little(platform: Platform, reason: str) -> None:
    """Whatever the function that writes it counts."""
    insert = text("INSERT INTO control.tenant_removals (reason) VALUES (:said)")
    with platform.admin_engine().connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        with pytest.raises(BoundaryRefused, match="CL055"), translated_errors():
            connection.execute(insert, {"said": reason})


@pytest.mark.integration
@pytest.mark.parametrize(
    "reason", ["", "ab", " a b ", "\u00a0" * 3, "\n\t\n", "\u3000abc" + "d" * 1998, "\ufe0f" * 3]
)
def test_a_required_reason_is_seen(platform: Platform, reason: str) -> None:
    """As Python counts: without the blanks around it, and what is seen of it."""
    assert unfit_reason(reason) is not None
    with (
        platform.admin_engine().connect() as connection,
        pytest.raises(BoundaryRefused, match="CL027"),
        translated_errors(),
    ):
        connection.execute(text("SELECT control.require_reason(:said)"), {"said": reason})


@pytest.mark.integration
def test_a_reason_that_is_seen_is_taken_with_blanks_around_it(platform: Platform) -> None:
    """They do not count against its length either."""
    reason = "\u3000\n" + "d" * 2000 + "\u00a0 "
    assert unfit_reason(reason) is None
    with platform.admin_engine().connect() as connection:
        connection.execute(text("SELECT control.require_reason(:said)"), {"said": reason})


@pytest.mark.integration
def test_the_database_sees_the_same_characters(platform: Platform) -> None:
    """Every code point that a text of PostgreSQL can hold."""
    with platform.admin_engine().connect() as connection:
        unseen = connection.execute(
            text(
                "SELECT c FROM generate_series(1, 1114111) c WHERE c NOT BETWEEN 55296 AND 57343 "
                "AND control.characters_seen(chr(c)) = 0 ORDER BY c"
            )
        ).scalars()
        assert list(map(chr, unseen)) == [one for one in _EVERY if not characters_seen(one)]
