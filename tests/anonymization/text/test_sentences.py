"""Templates: what of a sentence is compared, and how little of it is shown."""

from __future__ import annotations

import pytest

from anonymization.text.sentences import shown_template, templates_of


def wordings(text: str) -> set[str]:
    """The wordings of a text, written out."""
    return {
        str(shown_template(each, frozenset({each})))
        for each in templates_of(text)
        if each.startswith("w:")
    }


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("We help <ACCOUNT_NAME_1> grow.", "we help <account> grow"),
        ("Write to <EMAIL_3> or call <PHONE_1>!", "write to <email> or call <phone>"),
        ("The deal of $12,500 with us slips.", "the deal of <amount> with us slips"),
        ("It costs 1.5m USD in all.", "it costs <number> <word> in all"),
        ("Would Thursday at 10 work?", "would <day> at <number> work?"),
        ("In MARCH we \uff57\uff49\uff4e again.", "in <month> we win again"),
        ("Our friends at Zorvanek agree.", "our friends at <word> agree"),
        ("Use code X7Q9 before you pay.", "use code <number> before you pay"),
    ],
)
def test_what_differs_from_letter_to_letter_is_a_slot(text: str, wording: str) -> None:
    """Names, numbers, amounts, days and codes never stand in a template."""
    assert wording in wordings(text)


def test_a_word_that_nobody_else_uses_is_a_slot() -> None:
    """A misspelled name, half of one, or a name that is on no record is no common word."""
    assert wordings("We sold it to Zorvanek and Kestrelvane.") == {
        "we sold it to <word> and <word>"
    }


def test_words_of_another_language_are_slots() -> None:
    """What cannot be told from a name is not shown; such texts leave their features alone."""
    assert templates_of("Wir freuen uns auf Ihre Antwort.") == ()


def test_a_greeting_stands_apart() -> None:
    """Or the same sentence would differ by whom it greets."""
    assert wordings("Hi <PERSON_NAME_1>, teams like yours lose hours.") == {
        "teams like yours lose hours"
    }


def test_sentences_of_two_words_are_no_templates() -> None:
    """A first and a last name would be one."""
    assert templates_of("Ada Lovelace. Best, Ada") == ()


def test_a_text_of_no_words_has_no_templates() -> None:
    """Nothing is nothing."""
    assert templates_of("") == ()
    assert templates_of("\n.!?\u2028") == ()


def test_each_template_of_a_text_counts_once() -> None:
    """A sender who repeats a sentence is one sender."""
    found = templates_of("We help teams grow. We help teams grow.")
    assert len(found) == len(set(found))


def test_a_substance_shows_only_what_all_who_share_it_wrote() -> None:
    """Two wordings of one substance: neither is shown, but the words they have in common are."""
    one, other = "Most teams see the effect fast.", "Most teams will see an effect fast!"
    common = set(templates_of(one)) & set(templates_of(other))
    assert {shown_template(each, frozenset(common)) for each in common} == {
        "... teams ... see ... effect ... fast ..."
    }


def test_a_substance_is_left_out_where_its_wording_is_shown() -> None:
    """The same sentence twice would say that some wrote it otherwise."""
    both = frozenset(templates_of("Most teams see the effect fast."))
    assert len(both) == 2
    assert {shown_template(each, both) for each in both} == {
        "most teams see the effect fast",
        None,
    }


def test_a_very_long_text_is_read_to_a_bound() -> None:
    """One tenant's endless text must not stop everybody's release."""
    assert len(templates_of("We help teams grow today.\n" * 100_000)) == 2
    words = ["sales", "price", "deal", "team", "call", "week", "month", "quarter", "plan", "work"]
    distinct = "\n".join(f"We help {a} {b} {c} grow" for a in words for b in words for c in words)
    assert len(templates_of(distinct)) == 400
