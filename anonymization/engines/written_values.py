"""The values of text columns as a Parquet file's own dictionaries list them, without its rows.

What they list is only presumed. A writer may list values that no row has, or give a dictionary up
half-way without a word: whoever uses it must see every row find its value, and every value a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from anonymization.engines.domains import Domain, domain_of
from anonymization.engines.sources import ColumnKind, Table, TableKind

__all__ = ["written_domains"]

_MOST_VALUES = 10_000
"""Writers give up on dictionaries that grow much longer."""
_BUFFER_BYTES = 1 << 16


def written_domains(table: Table, columns: Iterable[str]) -> dict[str, Domain]:
    """The presumed domain of each text column that has a short dictionary in every row group."""
    texts = [name for name in dict.fromkeys(columns) if table.column(name).kind is ColumnKind.TEXT]
    if table.kind is not TableKind.PARQUET:
        return {}
    listed: dict[str, list[pa.Array]] = {name: [] for name in texts}
    nulls = dict.fromkeys(texts, 0)
    for path in table.paths:
        try:
            with pq.ParquetFile(path, read_dictionary=texts, buffer_size=_BUFFER_BYTES) as file:
                for group in range(file.num_row_groups):
                    counted = _null_counts(file.metadata.row_group(group), listed)
                    listed = {name: listed[name] for name in counted}
                    for name, values in _dictionaries(file, group, list(listed)).items():
                        listed[name].append(values)
                        nulls[name] += counted[name]
        except (OSError, pa.ArrowException):
            return {}
    found = {name: pa.chunked_array(each, pa.string()).unique() for name, each in listed.items()}
    return {
        name: domain_of(name, values, has_null=nulls[name] > 0)
        for name, values in found.items()
        if len(values) <= _MOST_VALUES
    }


def _null_counts(group: pq.RowGroupMetaData, names: Iterable[str]) -> dict[str, int]:
    """The nulls of each column that has a dictionary and says how many nulls it has."""
    chunks = {each.path_in_schema: each for each in map(group.column, range(group.num_columns))}
    said = {
        name: chunks[name].statistics
        for name in names
        if name in chunks and chunks[name].has_dictionary_page
    }
    return {
        name: statistics.null_count
        for name, statistics in said.items()
        if statistics is not None and statistics.has_null_count
    }


def _dictionaries(file: pq.ParquetFile, group: int, names: Sequence[str]) -> dict[str, pa.Array]:
    """What the dictionaries of a row group list; its first row brings them along."""
    rows = file.iter_batches(batch_size=1, row_groups=[group], columns=names, use_threads=False)
    first = next(rows, None)
    if first is None:
        return {}
    found = {name: first[name].dictionary.cast(pa.string()) for name in names}
    for values in found.values():
        values.validate(full=True)
    return found
