"""The isolation kit finds no leak in the sound schema, and every deliberate weakening of it."""

from __future__ import annotations

import base64
import sys
from typing import Any
from urllib.parse import quote

import pytest

from catalog.data_classes import DataClass
from stores.isolation_kit.canaries import new_canary, sightings
from stores.isolation_kit.surfaces import surface

pytest_plugins = ["pytester"]


@surface("tenant session read")
def _read_drafts(session: Any, dataset: str = "drafts") -> Any:
    return session.read(DataClass.TENANT_PRIVATE, dataset)


@pytest.mark.integration
@pytest.mark.cross_tenant("tenant session read")
@pytest.mark.parametrize("dataset", ["drafts", "oauth_tokens", "semantic_memories"])
def test_the_tenant_session_shows_nothing_of_another_tenant(
    isolation_world: Any, dataset: str
) -> None:
    """The platform's own surface ships the test that every agent surface must ship."""
    isolation_world.attack("tenant session read", own=(dataset,))


@pytest.mark.parametrize(
    ("disguise", "disguised"),
    [
        ("plain", lambda text: {"rows": [{"name": f"see {text}!"}]}),
        ("plain", lambda text: [text.upper()]),
        ("plain", lambda text: ValueError(f"no {text}")),
        ("split", lambda text: [(letter,) for letter in text]),
        ("split", lambda text: [(number, letter) for number, letter in enumerate(text)]),
        ("split", lambda text: (text[:7], None, text[7:])),
        ("reversed", lambda text: text[::-1]),
        ("hex", lambda text: text.encode().hex()),
        ("hex", lambda text: text.encode().hex(":")),
        ("base64", lambda text: base64.b64encode(text.encode())),
        ("base64", lambda text: base64.b64encode(b"a" + text.encode())),
        ("base64", lambda text: base64.urlsafe_b64encode(b"ab" + text.encode())),
        ("url", lambda text: "".join(f"%{ord(letter):02x}" for letter in text)),
        ("plain", quote),
    ],
)
def test_a_canary_is_seen_in_every_disguise(disguise: str, disguised: Any) -> None:
    """A leak that is encoded or cut up is still a leak."""
    canary = new_canary()
    text = canary.text("tenant_private.drafts.body")
    assert disguise in {seen.disguise for seen in sightings(disguised(text), canary)}
    assert not sightings(disguised(text), new_canary())


def test_a_sighting_says_where_the_canary_was_planted() -> None:
    """Whoever reads the failure must learn which store leaked, without its value."""
    canary = new_canary()
    canary.text("a.b.c")
    (seen,) = sightings(canary.text("tenant_private.emails.body"), canary)
    assert seen.place == "tenant_private.emails.body"
    assert canary.mark not in str(seen)


def test_numbers_are_canaries_too() -> None:
    """A leaked amount or embedding has no letters."""
    canary = new_canary()
    assert sightings([{"close_value": canary.integer(3)}], canary)
    assert sightings([[canary.fraction()] * 3], canary)


@pytest.mark.integration
def test_the_sound_schema_gives_nothing_away(isolation_world: Any) -> None:
    """No probe, no relation or function in reach and no session call shows anything of B."""
    from stores.isolation_kit.probes import PROBES, run_probes

    report = run_probes(isolation_world)
    assert len({probe.id for probe in PROBES}) == report.probes_run >= 90
    assert not report.leaks, str(report)


@pytest.mark.integration
def test_no_probe_of_the_platforms_functions_is_stale(isolation_world: Any) -> None:
    """A call that is refused since nothing has that name and those arguments proves nothing."""
    from stores.isolation_kit.probe import Family
    from stores.isolation_kit.probes import PROBES, outcomes

    told = outcomes(isolation_world, [p for p in PROBES if p.family is Family.CONTROL])
    assert {"file-candidate", "publish"} <= {name.rpartition("/")[2] for name in told}
    missing = ("42883", "42P01", "42703")
    assert [name for name, text in told.items() if any(f"'{c}'" in text for c in missing)] == []


@pytest.mark.integration
def test_what_a_sees_does_not_depend_on_b(isolation_world: Any) -> None:
    """Results, row counts and error texts are the same, word for word, when B's data changes."""
    from stores.isolation_kit.probes import outcomes

    before = outcomes(isolation_world)
    isolation_world.change_b()
    after = outcomes(isolation_world)
    assert [name for name, text in before.items() if after[name] != text] == []


@pytest.mark.integration
def test_no_sequence_of_steps_shows_a_anything_of_b(isolation_world: Any) -> None:
    """Connections, pools, claims, prepared plans and rotated keys, in any order."""
    from hypothesis import HealthCheck, settings
    from hypothesis.stateful import run_state_machine_as_test

    from stores.isolation_kit.state_machine import isolation_machine

    run_state_machine_as_test(
        isolation_machine(isolation_world),
        settings=settings(
            max_examples=20,
            stateful_step_count=12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.integration
def test_every_weakening_is_caught(
    isolation_installation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kit's own strength: a kit that misses a weakening proves nothing by finding no leak."""
    from stores.isolation_kit.mutations import MUTATIONS, mutation_score

    score = mutation_score(isolation_installation)
    with capsys.disabled():
        sys.stdout.write(f"\n{score}\n")
    assert len(MUTATIONS) >= 15
    assert not score.missed
    # A server that asks for no password is refused by our own connections (require_auth).
    by_control = {name for name, how in score.caught.items() if "positive control" in how}
    assert by_control <= {"trust authentication"}


@pytest.mark.integration
def test_a_surface_that_keeps_rows_is_caught(isolation_world: Any) -> None:
    """A cache that outlives a session shows B's rows to A although the database is sound."""
    from stores.isolation_kit.errors import CrossTenantLeak
    from stores.isolation_kit.surfaces import register_surface, unregister_surface

    cache: list[object] = []

    def cached(session: Any) -> object:
        cache.extend(session.read(DataClass.TENANT_PRIVATE, "drafts"))
        return cache

    with isolation_world.platform.tenant_session(isolation_world.b.tenant, "test") as session:
        cached(session)
    register_surface("cached drafts", cached)
    try:
        with pytest.raises(CrossTenantLeak) as caught:
            isolation_world.attack("cached drafts")
    finally:
        unregister_surface("cached drafts")
    assert isolation_world.b.canary.mark not in str(caught.value)


@pytest.mark.integration
def test_a_surface_that_shows_nothing_at_all_is_void(isolation_world: Any) -> None:
    """Without the positive control a broken surface would pass for a safe one."""
    from stores.isolation_kit.errors import VoidTest
    from stores.isolation_kit.surfaces import register_surface, unregister_surface

    register_surface("silent", lambda _: [])
    try:
        with pytest.raises(VoidTest, match="does not read its own canary"):
            isolation_world.attack("silent")
    finally:
        unregister_surface("silent")


@pytest.fixture
def apart(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(
        "from stores.isolation_kit.surfaces import register_surface\n"
        "register_surface('lookup', lambda session: session)\n"
        "register_surface('summary', lambda session: session)\n"
    )
    return pytester


def test_collection_fails_without_a_cross_tenant_test(apart: pytest.Pytester) -> None:
    """Every surface without a test is named, also where a mark expression leaves tests out."""
    apart.makepyfile("def test_something(): pass")
    for arguments in ((), ("-k", "nothing"), ("--collect-only",)):
        result = apart.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["*lookup: a registered surface without*", "*summary: a registered surface without*"]
        )


def test_a_skipped_test_covers_no_surface(apart: pytest.Pytester) -> None:
    """A test that never runs, that does not use the world or names nothing proves nothing."""
    apart.makepyfile(
        "import pytest\n"
        "@pytest.mark.skip\n"
        "@pytest.mark.cross_tenant('lookup')\n"
        "def test_lookup(isolation_world): pass\n"
        "@pytest.mark.cross_tenant('summary')\n"
        "def test_summary(): pass\n"
        "@pytest.mark.cross_tenant('sumary')\n"
        "def test_typing_error(isolation_world): pass\n"
    )
    result = apart.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "*sumary: a cross-tenant test names it, but no surface has it*",
            "*test_summary: marked cross_tenant, but does not use isolation_world*",
            "*lookup: a registered surface without*",
        ]
    )


def test_a_test_that_attacks_nothing_fails(apart: pytest.Pytester) -> None:
    """A marked test must call the attack; taking the fixture is not enough."""
    apart.makepyfile(
        "import pytest\n"
        "class World:\n"
        "    attacked = {'lookup'}\n"
        "@pytest.fixture\n"
        "def isolation_world(): return World()\n"
        "@pytest.mark.cross_tenant('lookup')\n"
        "def test_lookup(isolation_world): pass\n"
        "@pytest.mark.cross_tenant('summary')\n"
        "def test_summary(isolation_world): pass\n"
    )
    result = apart.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*summary: the test ended without attacking it*"])


def test_the_plugin_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """Every pytest run on the machine loads the plugin, so that it must cost nothing."""
    pytester.makepyfile(
        "import sys\n"
        "def test_light(): assert not {'psycopg', 'sqlalchemy', 'hypothesis'} & set(sys.modules)\n"
    )
    pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest"
    ).assert_outcomes(passed=1)
