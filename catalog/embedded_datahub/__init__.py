"""A small HTTP server of the part of DataHub's API that its Python SDK uses, over one SQLite file.

It lets the unmodified `acryl-datahub` client emit, search and follow lineage with no
infrastructure. The metadata model (entities, aspects, search fields, lineage edges) is read
from the schemas that `acryl-datahub` ships; the server itself never imports `datahub`. Start it
with `python -m catalog.embedded_datahub`, or in a thread with `server.EmbeddedDataHub`.
"""

__all__ = ["server"]
