"""Known identifiers are found however they are disguised, and the set itself gives nothing away."""

from __future__ import annotations

import base64
import copy
import pickle
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.identifiers import IdentifierKind as Kind
from expectations.identifiers import KnownIdentifiers, find_identifiers

NAMES = (
    (Kind.ACCOUNT_NAME, "Acme Rockets, Inc."),
    (Kind.ACCOUNT_NAME, "Kan-code GmbH & Co. KG"),
    (Kind.ACCOUNT_NAME, "Zoomzone"),
    (Kind.ACCOUNT_NAME, "Target"),
    (Kind.ACCOUNT_NAME, "Société Générale"),
    (Kind.ACCOUNT_NAME, "Газпром нефть"),
    (Kind.ACCOUNT_NAME, "株式会社日立製作所"),
    (Kind.PERSON_NAME, "Jane O'Doering"),
    (Kind.PERSON_NAME, "Zbigniew Brzęczyszczykiewicz"),
    (Kind.EMAIL, "jane@acme-rockets.example"),
    (Kind.DOMAIN, "acme-rockets.example"),
)
KNOWN = KnownIdentifiers.build(NAMES)
PLAIN = ("Acme Rockets", "Kan-code", "Zoomzone", "Jane O'Doering", "jane@acme-rockets.example")
CYRILLIC = (0x430, 0x435, 0x43E, 0x441, 0x440, 0x445, 0x443, 0x456, 0x410, 0x412, 0x415, 0x41D)
HOMOGLYPHS = str.maketrans("aeocpxyiABEH", "".join(map(chr, CYRILLIC)))


def known_in(text: str, known: KnownIdentifiers = KNOWN) -> bool:
    (found,) = find_identifiers([text], known)
    return any(each.known for each in found)


def zero_width(name: str) -> str:
    return "\u200b".join(name)


def wide(name: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)


EVASIONS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    zero_width,
    wide,
    lambda name: name.translate(HOMOGLYPHS),
    lambda name: name.replace(" ", "\u00a0\u2009"),
    lambda name: name.replace(" ", "-"),
    lambda name: name.replace(" ", "\n"),
    lambda name: name.replace(" ", ""),
    lambda name: " ".join(name.replace(" ", "")),
    lambda name: name[:3] + "-\n" + name[3:],
    lambda name: "".join(f"{c}\u0301" if c.isalpha() else c for c in name),
    lambda name: base64.b64encode(name.encode()).decode(),
    lambda name: base64.urlsafe_b64encode(f"to {name} now".encode()).decode(),
    lambda name: base64.b64encode(base64.b64encode(f"see {name}".encode())).decode(),
    lambda name: name.encode().hex(),
    lambda name: quote(name, safe="").replace("a", "%61"),
    lambda name: "".join(f"&#{ord(c)};" for c in name),
)


@pytest.mark.parametrize("evasion", EVASIONS)
@pytest.mark.parametrize("name", PLAIN)
def test_no_disguise_hides_a_known_identifier(name: str, evasion: Callable[[str], str]) -> None:
    """Whatever a reader or a decoder would make of it is the name."""
    assert known_in(f"we met {evasion(name)} there")
    assert known_in(evasion(name))


@pytest.mark.parametrize(
    "text",
    [
        "bei Societe Generale in Paris",
        "SOCIÉTÉ GÉNÉRALE",
        "купила газпром нефть вчера",
        "株式会社日立製作所の件",
        "Zbigniew Brzeczyszczykiewicz called",
        "acme rockets' new team",
        "the Acme Rockets's team",
        "mail jane@acme-rockets.example today",
        "see https://portal.acme-rockets.example/x",
    ],
)
def test_names_of_every_script_are_known(text: str) -> None:
    """Accents, case and script are how a name is written, not what it is."""
    assert known_in(text)


@pytest.mark.parametrize(
    ("text", "is_name"),
    [
        ("our target is a million", False),
        ("Targets were met, the target too", False),
        ("a meeting at Target about it", True),
        ("Target is a customer", True),
        ("target inc. is a customer", True),
        ("TARGET renewed", True),
        ("acme and its rockets", False),
        ("Acme. In other news, Rockets fly", False),
    ],
)
def test_an_ordinary_word_is_a_name_where_a_name_stands(text: str, *, is_name: bool) -> None:
    """Flagging every paragraph with the word "target" would make the check worthless."""
    assert known_in(text) is is_name


@pytest.mark.parametrize("stop_word", ["the", "IT", "and", "We", "a", "all"])
def test_a_stop_word_as_a_name_flags_no_prose(stop_word: str) -> None:
    """A tenant may be called so; its prose is still prose, its legal form still gives it away."""
    known = KnownIdentifiers.build([(Kind.ACCOUNT_NAME, stop_word)])
    assert not known_in(
        "The team and IT went to all of them. We agreed on a plan, and it held.", known
    )
    if len(stop_word) > 1:
        assert known_in(f"a deal with {stop_word.title()} Ltd was lost", known)


def test_an_empty_list_finds_nothing_and_is_empty() -> None:
    """Whoever builds a set of nothing can see that it is one."""
    known = KnownIdentifiers.build([(Kind.ACCOUNT_NAME, " "), (Kind.ACCOUNT_NAME, "--")])
    assert len(known) == 0
    assert not known_in("Acme Rockets", known)


def test_the_set_cannot_be_stored_or_read() -> None:
    """A stored set would answer who is a customer to whoever finds it."""
    for give_away in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not stored"):
            give_away(KNOWN)
    assert "acme" not in f"{KNOWN!r} {vars(KNOWN)}".lower()


def test_two_sets_of_the_same_names_have_nothing_in_common() -> None:
    """Each is keyed anew: digests of one tell nothing of what another holds."""
    one, other = (KnownIdentifiers.build(NAMES) for _ in range(2))
    assert not set(one._digests.tolist()) & set(other._digests.tolist())


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_text_can_be_known_and_found_again(names: list[str]) -> None:
    """No name may crash the build, for a run without known identifiers proves nothing."""
    known = KnownIdentifiers.build((Kind.ACCOUNT_NAME, name) for name in names)
    find_identifiers(names, known)


@given(
    st.lists(
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=5, max_size=9).map("qx{}zv".format),
        min_size=1,
        max_size=5,
    ),
    st.integers(0, 3),
)
def test_names_of_many_words_are_found_anywhere(words: list[str], before: int) -> None:
    """However many words a name has and wherever it stands."""
    name = " ".join(words)
    known = KnownIdentifiers.build([(Kind.ACCOUNT_NAME, name)])
    assert known_in("lorem " * before + name + " ipsum", known)


def test_ordinary_rows_are_not_hit_by_a_long_list() -> None:
    """Of ordinary rows at most 1 % may be hit, whoever the names belong to."""
    chance = random.Random(5)
    syllables = ["ka", "zo", "mi", "ter", "lun", "dra", "vex", "on", "ri", "sta", "bel", "qui"]

    def name() -> str:
        return "".join(chance.choice(syllables) for _ in range(3)).title()

    known = KnownIdentifiers.build((Kind.PERSON_NAME, f"{name()} {name()}") for _ in range(50_000))
    words = [
        "open",
        "with",
        "the",
        "question",
        "that",
        "last",
        "call",
        "ended",
        "on",
        "and",
        "let",
        "them",
        "answer",
        "first",
    ]
    rows = [" ".join(chance.choices(words, k=30)) for _ in range(1_000)]
    hit = sum(any(each.known for each in found) for found in find_identifiers(rows, known))
    assert hit <= 10
