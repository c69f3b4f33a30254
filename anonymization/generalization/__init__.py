"""Makes values coarser until every class is safe: hierarchies, lattice search, partitions."""
