"""The words that the rules know: drivers, methods that execute, verbs of SQL."""

from __future__ import annotations

__all__ = ["DRIVERS", "EXECUTING", "INSIDES", "READING", "SQL_VERBS"]

_DRIVERS = """
    psycopg psycopg2 psycopg_pool asyncpg pg8000 sqlalchemy sqlmodel alembic sqlite3 aiosqlite apsw
    duckdb pyspark pymysql MySQLdb mysql aiomysql pyodbc oracledb cx_Oracle databases peewee pony
    tortoise dataset pymongo motor redis aioredis valkey cassandra clickhouse_driver
    clickhouse_connect snowflake trino pymilvus chromadb qdrant_client pinecone weaviate lancedb
    pgvector plyvel lmdb dbm shelve
"""
_EXECUTING = """
    execute executemany executescript execute_batch execute_values exec_driver_sql _rows _one _call
    scalar scalars fetch fetchrow fetchval fetch_all fetch_one fetch_val copy copy_expert stream
    read_sql read_sql_query raw sql query prepare cursor_execute
"""
_READING = """
    read write count query get put delete insert upsert update list fetch load save store select
    records rows find all bulk_insert add_all count_rows count_nulls count_in_texts
"""
_SQL_VERBS = """
    SELECT WITH INSERT UPDATE DELETE MERGE COPY TRUNCATE CREATE ALTER DROP GRANT REVOKE SET DECLARE
    FETCH CLOSE LOCK CALL EXECUTE PREPARE VALUES TABLE LISTEN NOTIFY EXPLAIN ANALYZE VACUUM REFRESH
    BEGIN COMMIT ROLLBACK SAVEPOINT DO PRAGMA ATTACH RESET
"""

DRIVERS = frozenset(_DRIVERS.split())
"""Packages that open a database."""

EXECUTING = frozenset(_EXECUTING.split())
"""Functions and methods whose first argument is a statement."""

READING = frozenset(_READING.split())
"""Methods of a session that read or write."""

INSIDES = frozenset({"_rows", "_one", "_call", "_driver", "_connection", "admin_engine"})
"""What only stores may call of a session or a platform."""

SQL_VERBS = tuple(_SQL_VERBS.split())
