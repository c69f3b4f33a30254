"""The labels of stores and columns in DataHub: class property, tag, term and Data Steward.

They are patched one by one under our own mark, so what people add by hand stays. Compared with what
DataHub holds, a class label that differs from the declaration is drift, and is put back. It imports
the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import datahub.metadata.schema_classes as models
from datahub.metadata.schema_classes import _Aspect
from datahub.specific.aspect_helpers.structured_properties import HasStructuredPropertiesPatch
from datahub.specific.aspect_helpers.tags import HasTagsPatch
from datahub.specific.aspect_helpers.terms import HasTermsPatch
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.data_classes import DataClass, parse_data_class
from catalog.datahub_proposals import Proposal, attribution, steward_of
from catalog.registry import Column, Dataset

__all__ = [
    "COLUMN_ASPECTS",
    "DATASET_ASPECTS",
    "Held",
    "LabelDrift",
    "column_changes",
    "column_labels",
    "dataset_changes",
    "dataset_labels",
    "declared_before",
    "held_aspect",
]

Held = Mapping[str, _Aspect]
"""The aspects that DataHub holds of one entity, by name."""

DATASET_ASPECTS = (
    "globalTags",
    "glossaryTerms",
    "ownership",
    "structuredProperties",
    "editableSchemaMetadata",
    "datasetProperties",
)
COLUMN_ASPECTS = ("globalTags", "glossaryTerms", "structuredProperties", "status")

_AspectT = TypeVar("_AspectT", bound=_Aspect)
_Mark = models.TagAssociationClass | models.GlossaryTermAssociationClass
_Marks = Iterable[models.TagAssociationClass] | Iterable[models.GlossaryTermAssociationClass]


@dataclass(frozen=True, slots=True, order=True)
class LabelDrift:
    """A class label that somebody changed in DataHub; ``found`` is None where it was removed."""

    dataset: str
    column: str | None
    label: str
    found: str | None
    declared: DataClass

    def __str__(self) -> str:
        where = f"{self.dataset}.{self.column}" if self.column else self.dataset
        return (
            f"{where}: its class {self.label} was {self.found or 'removed'} in DataHub, the "
            f"registry declares {self.declared}; put back"
        )


class _LabelPatch(HasStructuredPropertiesPatch, HasTagsPatch, HasTermsPatch):
    """A patch of a column's own entity; the SDK has a builder for datasets only."""


def dataset_labels(dataset: Dataset, at: datetime) -> list[Proposal]:
    """Patches that set a store's labels whatever DataHub holds."""
    ours = attribution(at)
    patch = DatasetPatchBuilder(datahub_names.dataset_urn(dataset))
    for other in DataClass:
        if other is not dataset.data_class:
            patch.remove_tag(datahub_names.class_tag(other), datahub_names.OWN_PLATFORM)
            patch.remove_term(datahub_names.class_term(other), datahub_names.OWN_PLATFORM)
    patch.add_tag(_tag(dataset.data_class, ours))
    patch.add_term(_term(dataset.data_class, ours))
    patch.add_owner(steward_of(dataset.owner, at))
    # Without attribution: the registry decides the class, also over a value set by hand.
    patch.set_structured_property(datahub_names.CLASS_PROPERTY, str(dataset.data_class))
    return list(patch.build())


def column_labels(dataset: Dataset) -> Iterator[Proposal]:
    """Patches that set the class of each column whatever DataHub holds."""
    for column in dataset.columns:
        patch = _LabelPatch(_column_urn(dataset, column))
        patch.set_structured_property(datahub_names.CLASS_PROPERTY, str(dataset.class_of(column)))
        yield from patch.build()


def dataset_changes(
    dataset: Dataset, held: Held, at: datetime
) -> tuple[list[Proposal], list[LabelDrift]]:
    """The patches that a store's labels need, and the drift among what they put back."""
    patch = DatasetPatchBuilder(datahub_names.dataset_urn(dataset))
    before = declared_before(held)
    compared = _Compared(dataset, None, dataset.data_class, before)
    compared.marks(patch, held, attribution(at))
    compared.property(patch, held)
    _compare_owners(patch, dataset, held, at)
    drifts = compared.drifts
    editable = held_aspect(held, models.EditableSchemaMetadataClass)
    for edited in editable.editableSchemaFieldInfo if editable else ():
        known = {column.name: column for column in dataset.columns}.get(edited.fieldPath)
        if known is not None:
            drifts = [*drifts, *_compare_edited(patch, dataset, known, edited)]
    return list(patch.build()), drifts


def column_changes(
    dataset: Dataset, column: Column, held: Held, before: DataClass | None
) -> tuple[list[Proposal], list[LabelDrift]]:
    """The same of a column; ``before`` is the class it was last declared with."""
    patch = _LabelPatch(_column_urn(dataset, column))
    compared = _Compared(dataset, column, dataset.class_of(column), before)
    compared.marks(patch, held, None)
    compared.property(patch, held)
    return list(patch.build()), compared.drifts


def declared_before(held: Held) -> DataClass | None:
    """The class with which we last declared a dataset; None where we never did."""
    properties = held_aspect(held, models.DatasetPropertiesClass)
    stated = (properties.customProperties or {}).get("data_class") if properties else None
    return parse_data_class(stated) if stated in set(DataClass) else None


def held_aspect(held: Held, kind: type[_AspectT]) -> _AspectT | None:
    """The aspect of that kind."""
    aspect = held.get(kind.ASPECT_NAME)
    return aspect if isinstance(aspect, kind) else None


class _Compared:
    """One entity's labels against its declaration."""

    def __init__(
        self, dataset: Dataset, column: Column | None, declared: DataClass, before: DataClass | None
    ) -> None:
        self._dataset, self._column = dataset, column
        self._declared, self._before = declared, before
        self.drifts: list[LabelDrift] = []

    def marks(
        self,
        patch: DatasetPatchBuilder | _LabelPatch,
        held: Held,
        ours: models.MetadataAttributionClass | None,
    ) -> None:
        """Take away tags and terms of other classes; add our own where ``ours`` is given."""
        tags = held_aspect(held, models.GlobalTagsClass)
        terms = held_aspect(held, models.GlossaryTermsClass)
        for urn in self.strangers("tag", tags.tags if tags else ()):
            patch.remove_tag(urn)
        for urn in self.strangers("term", terms.terms if terms else ()):
            patch.remove_term(urn)
        if ours is None:
            return
        if self._lacks_ours("tag", tags.tags if tags else ()):
            patch.add_tag(_tag(self._declared, ours))
        if self._lacks_ours("term", terms.terms if terms else ()):
            patch.add_term(_term(self._declared, ours))

    def property(self, patch: DatasetPatchBuilder | _LabelPatch, held: Held) -> None:
        """Set the class property where it is not the declared class alone."""
        assigned = held_aspect(held, models.StructuredPropertiesClass)
        found = [
            entry
            for entry in (assigned.properties if assigned else ())
            if entry.propertyUrn == datahub_names.CLASS_PROPERTY
        ]
        values = [str(value) for entry in found for value in entry.values]
        marked = any(entry.attribution and entry.attribution.source for entry in found)
        if values == [str(self._declared)] and not marked:
            return
        if len(found) > 1 or marked:
            patch.remove_structured_property(datahub_names.CLASS_PROPERTY)
        patch.set_structured_property(datahub_names.CLASS_PROPERTY, str(self._declared))
        if self._before is not None and values != [str(self._before)]:
            self.drifted("property", " and ".join(sorted(set(values))) or None)
        elif self._before is None and values and values != [str(self._declared)]:
            self.drifted("property", " and ".join(sorted(set(values))))

    def drifted(self, label: str, found: str | None) -> None:
        """Note a drift of that label."""
        name = self._column.name if self._column else None
        # A value set by hand may be anything: only a class is repeated.
        known = found if found is None or found in set(DataClass) else "another value"
        self.drifts.append(
            LabelDrift(self._dataset.qualified_name, name, label, known, self._declared)
        )

    def strangers(self, label: str, marks: _Marks) -> list[str]:
        """Marks of other classes than the declared one, noted as drift unless we made them."""
        found: dict[str, None] = {}
        for mark in marks:
            shown = _class_of(mark)
            if shown is None or shown is self._declared:
                continue
            found[_urn_of(mark)] = None
            if not (_is_ours(mark) and shown is self._before):
                self.drifted(label, str(shown))
        return list(found)

    def _lacks_ours(self, label: str, marks: _Marks) -> bool:
        if any(_is_ours(mark) and _class_of(mark) is self._declared for mark in marks):
            return False
        if self._before is self._declared:
            self.drifted(label, None)
        return True


def _compare_owners(patch: DatasetPatchBuilder, dataset: Dataset, held: Held, at: datetime) -> None:
    wanted = steward_of(dataset.owner, at)
    ownership = held_aspect(held, models.OwnershipClass)
    present = False
    for owner in ownership.owners if ownership else ():
        if not (owner.attribution and owner.attribution.source == datahub_names.OWN_PLATFORM):
            continue
        if (owner.owner, owner.typeUrn) == (wanted.owner, wanted.typeUrn):
            present = True
        else:
            patch.remove_owner(
                owner.owner, owner.type, owner.typeUrn or "", datahub_names.OWN_PLATFORM
            )
    if not present:
        patch.add_owner(wanted)


def _compare_edited(
    patch: DatasetPatchBuilder,
    dataset: Dataset,
    column: Column,
    edited: models.EditableSchemaFieldInfoClass,
) -> list[LabelDrift]:
    """Class labels that were put on a column in DataHub's own editor."""
    declared = dataset.class_of(column)
    compared = _Compared(dataset, column, declared, declared)
    field = patch.for_field(column.name)
    for urn in compared.strangers("tag", edited.globalTags.tags if edited.globalTags else ()):
        field.remove_tag(urn)
    terms = edited.glossaryTerms.terms if edited.glossaryTerms else ()
    for urn in compared.strangers("term", terms):
        field.remove_term(urn)
    return compared.drifts


def _column_urn(dataset: Dataset, column: Column) -> str:
    return datahub_names.column_urn(datahub_names.dataset_urn(dataset), column.name)


def _tag(
    data_class: DataClass, ours: models.MetadataAttributionClass
) -> models.TagAssociationClass:
    return models.TagAssociationClass(tag=datahub_names.class_tag(data_class), attribution=ours)


def _term(
    data_class: DataClass, ours: models.MetadataAttributionClass
) -> models.GlossaryTermAssociationClass:
    return models.GlossaryTermAssociationClass(
        urn=datahub_names.class_term(data_class), attribution=ours
    )


def _urn_of(mark: _Mark) -> str:
    return mark.tag if isinstance(mark, models.TagAssociationClass) else mark.urn


def _class_of(mark: _Mark) -> DataClass | None:
    if isinstance(mark, models.TagAssociationClass):
        return datahub_names.class_of_tag(mark.tag)
    return datahub_names.class_of_term(mark.urn)


def _is_ours(mark: _Mark) -> bool:
    return mark.attribution is not None and (mark.attribution.source == datahub_names.OWN_PLATFORM)
