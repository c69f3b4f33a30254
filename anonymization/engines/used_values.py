"""Takes values that no row has out of combinations that were counted with too many."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from anonymization.engines.coding import Codes
from anonymization.engines.domains import Domain, domain_of
from anonymization.engines.entries import of_no_fund
from anonymization.engines.presumed_columns import NotAsPresumed
from anonymization.generalization.combinations import Combinations

__all__ = ["without_unused"]


def without_unused(found: Combinations, codes: Codes) -> tuple[Combinations, dict[str, Domain]]:
    """The combinations, and the domains of quasi-identifiers, tenants and sensitive values.

    Codes keep their order, so that what is sorted stays so.

    Raises:
        NotAsPresumed: if the values that are left have another order, as numbers do where all that
            was no number is gone
    """
    domains: dict[str, Domain] = {}
    columns = []
    for domain, coded in zip(codes.quasi, found.codes, strict=True):
        used = np.bincount(coded, minlength=len(domain)) > 0
        domains[domain.column] = _of(domain, used)
        columns.append(coded if used.all() else _renumbered(used)[coded])
    who, what = found.classes.contributors, found.classes.sensitive
    if who is not None:
        tenants = codes.others["tenant"]
        used = np.bincount(who.tenant, minlength=len(tenants)) > 0
        domains["tenant"] = _of(tenants, used)
        if not used.all():
            funds = who.fund_of_tenant[used]
            who = replace(
                who,
                tenant=_renumbered(used)[who.tenant],
                fund_of_tenant=np.where(funds < 0, of_no_fund(len(funds)), funds),
            )
    if what is not None:
        used = what.overall > 0
        domains["sensitive"] = _of(codes.others["sensitive"], used)
        if not used.all():
            what = replace(what, value=_renumbered(used)[what.value], overall=what.overall[used])
    kept = replace(
        found,
        domains=tuple(domains[domain.column].texts() for domain in codes.quasi),
        codes=np.stack(columns).astype(np.int32, copy=False),
        classes=replace(found.classes, contributors=who, sensitive=what),
        tenant_count=len(domains["tenant"]) if who is not None else 0,
        sensitive_domain=domains["sensitive"].texts() if what is not None else (),
    )
    return kept, domains


def _of(domain: Domain, used: npt.NDArray[np.bool_]) -> Domain:
    has_null = domain.has_null and bool(used[-1])
    kept = domain.values.filter(pa.array(used[: len(domain.values)]))
    if len(kept) < len(domain.values) and not domain_of("", kept, has_null=False).values.equals(
        kept
    ):
        raise NotAsPresumed
    return replace(domain, values=kept, has_null=has_null)


def _renumbered(used: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The new code of each old one."""
    return np.cumsum(used, dtype=np.int64) - 1
