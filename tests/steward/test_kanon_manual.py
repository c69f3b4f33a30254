"""The manual of `classline kanon` names every command, flag, metric and model."""

from __future__ import annotations

from pathlib import Path

import typer.main

from anonymization.generalization.metrics import Metric
from anonymization.kanon.grouping import Mode
from steward.command_line import app
from steward.commands.kanon import MetricName, ModeName

MANUAL = Path(__file__).parents[2] / "docs" / "kanon.md"


def test_every_command_and_flag_is_in_the_manual() -> None:
    """A flag that nobody can read about does not exist."""
    manual = MANUAL.read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands["kanon"].commands  # type: ignore[attr-defined]
    assert set(commands) == {"check", "search", "release"}
    for name, command in commands.items():
        assert f"classline kanon {name}" in manual
        for parameter in command.params:
            for flag in parameter.opts:
                assert not flag.startswith("--") or flag in manual, flag


def test_all_three_take_the_same_model_flags() -> None:
    """What was checked can be searched and released with the same words."""
    commands = typer.main.get_command(app).commands["kanon"].commands  # type: ignore[attr-defined]
    of_check = [parameter.opts for parameter in commands["check"].params]
    for command in commands.values():
        assert all(flags in [each.opts for each in command.params] for flags in of_check)


def test_names_on_the_command_line_are_the_library_s() -> None:
    """They are spelled twice, so that --help loads no library."""
    assert [each.value for each in MetricName] == [each.value for each in Metric]
    assert [each.value for each in ModeName] == [each.value for each in Mode]
    manual = MANUAL.read_text(encoding="utf-8")
    assert all(f"`{metric}`" in manual for metric in Metric)
    assert all(f"--mode {mode}" in manual for mode in Mode)
