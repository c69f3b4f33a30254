"""Decides which portco and which fund each sales agent of a CRM export stands for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from stores.intake.batches import TenantEntry
from stores.intake.export_file import read_export_file
from stores.intake.refusals import BadMapping, IntakeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "MAPPING_COLUMNS",
    "MappedAgent",
    "MappingScheme",
    "PortcoMapping",
    "SalesAgent",
    "mapped_by_file",
    "tenants_of",
]

MAPPING_COLUMNS = ("sales_agent", "portco", "fund")


class MappingScheme(StrEnum):
    """What stands for a portco, then what stands for its fund; funds are always the coarser."""

    AGENT_MANAGER = "agent-manager"
    AGENT_REGION = "agent-region"
    MANAGER_REGION = "manager-region"


@dataclass(frozen=True, slots=True)
class PortcoMapping:
    """The reading of an export as portcos and funds: by a scheme, or by a mapping file."""

    scheme: MappingScheme = MappingScheme.AGENT_MANAGER
    file: Path | None = None

    @classmethod
    def parse(cls, option: str) -> PortcoMapping:
        """A scheme by name, or the path of a CSV file with sales_agent, portco, fund."""
        if option in set(MappingScheme):
            return cls(MappingScheme(option))
        if option.lower().endswith(".csv"):
            return cls(file=Path(option))
        message = (
            f"no mapping {option[:60]!r} is known; use {', '.join(MappingScheme)} or the path of "
            f"a .csv file with the columns {', '.join(MAPPING_COLUMNS)}"
        )
        raise BadMapping(message)


@dataclass(frozen=True, slots=True)
class SalesAgent:
    """One row of the sales teams."""

    line: int
    name: str
    manager: str
    regional_office: str


@dataclass(frozen=True, slots=True)
class MappedAgent:
    """The tenant that an agent stands for, and the line that says so."""

    line: int
    tenant: TenantEntry


def tenants_of(
    agents: Iterable[SalesAgent],
    scheme: MappingScheme,
    mapped: Mapping[str, MappedAgent] | None,
    file_name: str,
) -> Mapping[str, TenantEntry]:
    """Every agent's tenant: by the mapping file where there is one, else by the scheme."""
    if mapped is None:
        mapped = {
            agent.name: MappedAgent(agent.line, _tenant_by_scheme(agent, scheme))
            for agent in agents
        }
        faults = _portcos_under_two_funds(file_name, mapped.values())
        if faults:
            raise BadMapping(_refusal(faults))
        return {name: agent.tenant for name, agent in mapped.items()}
    return {agent.name: mapped[agent.name].tenant for agent in agents}


def mapped_by_file(path: Path) -> Mapping[str, MappedAgent] | IntakeError:
    """Every agent's tenant, as the mapping file says, or the fault of that file."""
    file = read_export_file(path, MAPPING_COLUMNS)
    if isinstance(file, IntakeError):
        return file
    faults = [f"{path.name}: line {found.line}: {found.reason}" for found in file.rejections]
    mapped: dict[str, MappedAgent] = {}
    for row in file.rows:
        where = f"{path.name}: line {row.line}"
        faults += [f"{where}: {c}: required" for c in MAPPING_COLUMNS if not row.fields[c]]
        agent, portco, fund = (row.fields[column] for column in MAPPING_COLUMNS)
        if agent in mapped:
            faults.append(f"{where}: sales_agent: already mapped on line {mapped[agent].line}")
            continue
        mapped[agent] = MappedAgent(row.line, TenantEntry(portco, fund))
    faults += _portcos_under_two_funds(path.name, mapped.values())
    return BadMapping(_refusal(faults)) if faults else mapped


def _tenant_by_scheme(agent: SalesAgent, scheme: MappingScheme) -> TenantEntry:
    match scheme:
        case MappingScheme.AGENT_MANAGER:
            return TenantEntry(agent.name, agent.manager)
        case MappingScheme.AGENT_REGION:
            return TenantEntry(agent.name, agent.regional_office)
        case MappingScheme.MANAGER_REGION:
            return TenantEntry(agent.manager, agent.regional_office)


def _portcos_under_two_funds(file_name: str, mapped: Iterable[MappedAgent]) -> list[str]:
    by_portco: dict[str, list[MappedAgent]] = defaultdict(list)
    for agent in mapped:
        by_portco[agent.tenant.name].append(agent)
    return [
        f"{file_name}: lines {', '.join(str(agent.line) for agent in agents)}: "
        "one portco stands under two funds"
        for agents in by_portco.values()
        if len({agent.tenant.fund_name for agent in agents}) > 1
    ]


def _refusal(faults: list[str]) -> str:
    return "\n  ".join(sorted(faults)) + (
        "\n  every sales agent needs one portco, and every portco one fund; correct these lines"
    )
