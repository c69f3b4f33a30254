"""All expectations of our own by class; import it after `library.load_great_expectations`.

Importing it makes them known to Great Expectations, as ``expect_...`` in snake case.
"""

from __future__ import annotations

from expectations.gx.disclosure_expectations import (
    ExpectNoTenantToDominate,
    ExpectTableToBeKAnonymous,
    ExpectTableToBeLDiverse,
    ExpectTableToBeTClose,
)
from expectations.gx.identifier_expectations import (
    ExpectColumnValuesToContainNoPii,
    ExpectTableToContainNoKnownIdentifiers,
    ExpectTableToContainNoTenantIds,
)
from expectations.gx.label_expectations import (
    ExpectColumnsToBeClassified,
    ExpectEveryRowToHaveAnOwner,
    ExpectTableToHaveNoColumns,
)

__all__ = [
    "ExpectColumnValuesToContainNoPii",
    "ExpectColumnsToBeClassified",
    "ExpectEveryRowToHaveAnOwner",
    "ExpectNoTenantToDominate",
    "ExpectTableToBeKAnonymous",
    "ExpectTableToBeLDiverse",
    "ExpectTableToBeTClose",
    "ExpectTableToContainNoKnownIdentifiers",
    "ExpectTableToContainNoTenantIds",
    "ExpectTableToHaveNoColumns",
]
