"""The engines that read a table's combinations and write its cells: DuckDB, or Spark beyond it."""
