"""Runs the attack corpus over tenant A's own login, and judges what came back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

import psycopg

from catalog.data_classes import DataClass, PrincipalKind
from stores.isolation_kit.api_probes import api_leaks
from stores.isolation_kit.canaries import sightings
from stores.isolation_kit.corpus import identity, inference, reading
from stores.isolation_kit.errors import VoidTest
from stores.isolation_kit.leak import Leak
from stores.isolation_kit.probe import GUESSES, Presented, Probe
from stores.isolation_kit.sweep import sweep
from stores.isolation_kit.transcript import Transcript, transcribed
from stores.isolation_kit.world import World, leaks

__all__ = ["PROBES", "ProbeReport", "outcomes", "run_probes"]

_WRITING = re.compile("INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY|DROP|REASSIGN|ALTER|SELECT control")

PROBES: tuple[Probe, ...] = (*identity.PROBES, *reading.PROBES, *inference.PROBES)


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a run of the corpus saw."""

    probes_run: int
    leaks: tuple[Leak, ...]

    def by_family(self) -> Mapping[str, int]:
        """How many leaks each family found."""
        return dict(sorted(Counter(leak.family for leak in self.leaks).items()))

    def __str__(self) -> str:
        found = "\n".join(f"  {leak}" for leak in self.leaks) or "  no leak"
        return f"{self.probes_run} probes\n{found}"


def run_probes(
    world: World,
    probes: Iterable[Probe] = PROBES,
    *,
    until_first: bool = False,
    ignoring: Collection[Leak] = (),
) -> ProbeReport:
    """Run the sweep over everything A may reach, the probes, and the session probes.

    Raises `VoidTest` where A does not read its own canary: a clean report would prove nothing.
    """
    _require_control(world)
    probes = tuple(probes)
    attacks = chain(
        sweep(world, catalogs=False),
        chain.from_iterable(_leaks_of(world, probe) for probe in probes),
        _tampered_unseen(world),
        api_leaks(world),
        sweep(world, catalogs=True),
    )
    found = (leak for leak in attacks if leak not in ignoring)
    return ProbeReport(len(probes), tuple(islice(found, 1) if until_first else found))


def outcomes(world: World, probes: Iterable[Probe] = PROBES) -> Mapping[str, str]:
    """What each steady probe returned, word for word: it may not depend on B's data."""
    told = {}
    for probe in probes:
        if probe.steady:
            told[probe.id] = _run(world, probe, _values(world)).text
            if _WRITING.search(" ".join(probe.statements)):
                world.restore_a()
    return told


def _require_control(world: World) -> None:
    with world.connected(PrincipalKind.TENANT, world.a.tenant, world.token(world.a)) as connection:
        try:
            rows = connection.execute("SELECT * FROM tenant_private.drafts").fetchall()
        except psycopg.Error as error:
            rows = []
            cause: psycopg.Error | None = error
        else:
            cause = None
    if not sightings(rows, world.a.canary):
        message = "tenant A does not read its own canary: the probes would prove nothing"
        raise VoidTest(message) from cause


def _leaks_of(world: World, probe: Probe) -> Iterator[Leak]:
    values = _values(world)
    seen = _run(world, probe, values)
    yield from _judged(world, probe, seen, values)
    yield from _tampering(world, probe)
    text = " ".join(probe.statements)
    guessed = [name for name in GUESSES if name in text]
    if guessed:
        wrong = values | {name: _decoy(values[name]) for name in guessed}
        other = _run(world, probe, wrong)
        yield from _tampering(world, probe)
        if _masked(seen.text, values, guessed) != _masked(other.text, wrong, guessed):
            yield Leak(probe.id, probe.family, "tells a right guess from a wrong one")


def _judged(
    world: World, probe: Probe, seen: Transcript, values: Mapping[str, str]
) -> Iterator[Leak]:
    for sighting in leaks(world, seen.observed):
        yield Leak(probe.id, probe.family, f"shows {sighting}")
    statements = " ".join(probe.statements)
    for name in ("<b>", "<b_login>", "<b_key>", "<b_sector>", "<b_fund>"):
        if name not in probe.residue and name not in statements and values[name] in seen.text:
            yield Leak(probe.id, probe.family, f"shows {name[1:-1]} of another tenant")
    if probe.must_fail and not seen.last_refused:
        yield Leak(probe.id, probe.family, "was carried out and must be refused")
    if probe.no_rows and seen.last_rows:
        yield Leak(probe.id, probe.family, "shows rows and must show none")


def _tampering(world: World, probe: Probe) -> Iterator[Leak]:
    if not _WRITING.search(" ".join(probe.statements)):
        return
    if world.b_changed():
        yield Leak(probe.id, probe.family, "changed rows of another tenant")
        world.restore()
    else:
        world.restore_a()


def _tampered_unseen(world: World) -> Iterator[Leak]:
    if world.b_changed():
        yield Leak("all probes", "tampering", "changed rows of another tenant")


def _run(world: World, probe: Probe, values: Mapping[str, str]) -> Transcript:
    fund = probe.presented is Presented.FUND
    kind, owner = (
        (PrincipalKind.FUND, world.a.fund) if fund else (PrincipalKind.TENANT, world.a.tenant)
    )
    with world.connected(kind, owner, _presented(world, probe.presented)) as connection:
        return transcribed(connection, [_filled(text, values) for text in probe.statements], values)


def _presented(world: World, kind: Presented) -> str | None:
    own = world.token(world.a)
    kid, body, mac = own.split(".")
    foreign_body = world.token(world.b, login=world.a.login).split(".")[1]
    claims = {
        Presented.OWN: own,
        Presented.NONE: None,
        Presented.FORGED: f"{kid}.{foreign_body}.{mac}",
        Presented.UNSIGNED: f"{kid}.{foreign_body}.",
        Presented.TRUNCATED: own[: len(own) // 2],
        Presented.UNKNOWN_KEY: f"k00000000.{body}.{mac}",
        Presented.EXPIRED: world.token(world.a, lifetime_seconds=-60),
        Presented.REPLAYED: world.token(world.b),
        Presented.FOREIGN_TENANT: world.token(world.b, login=world.a.login),
        Presented.CLASSLESS: world.token(world.a, classes=(DataClass.ANONYMIZED_BENCHMARK,)),
        Presented.FUND: world.fund_token(world.a),
    }
    return claims[kind]


def _values(world: World) -> dict[str, str]:
    a, b = world.a, world.b
    return {
        "<accounts>": "tenant_private.crm_accounts",
        "<a>": a.tenant,
        "<a_login>": a.login,
        "<a_key>": a.key,
        "<a_claim>": world.token(a),
        "<b>": b.tenant,
        "<b_login>": b.login,
        "<b_key>": b.key,
        "<b_sector>": b.sector,
        "<b_contact>": b.contact,
        "<b_fund>": b.fund,
        "<b_claim>": world.token(b),
    }


def _filled(statement: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        statement = statement.replace(name, value)
    return statement


def _masked(text: str, values: Mapping[str, str], guessed: Iterable[str]) -> str:
    for name in guessed:
        text = text.replace(values[name], "a guess")
    return text


def _decoy(value: str) -> str:
    """A wrong guess of the same shape."""
    return "".join(chr((ord(letter) - 97 + 13) % 26 + 97) for letter in value)
