"""What a text says as SQL: whether it is a statement, which rows it touches, what columns it adds.

A reading of words, not a parser: it serves a linter that must be fast and import nothing heavy.
"""

from __future__ import annotations

import re

from expectations.lint.vocabulary import SQL_VERBS

__all__ = ["added_columns", "is_sql", "looks_like_sql", "touches_rows", "verb_of"]

_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LEAD = re.compile(r"[\s(]+")
_STATEMENT = re.compile(rf"(?:{'|'.join(SQL_VERBS)})\b", re.IGNORECASE)
_VERB = re.compile(rf"\b(?:{'|'.join(SQL_VERBS)})\b")
_OBJECTS = (
    r"(?:UNIQUE |OR REPLACE |TEMP |TEMPORARY |MATERIALIZED |FOREIGN )*"
    r"(?:TABLE|VIEW|INDEX|SCHEMA|ROLE|USER|FUNCTION|POLICY|TRIGGER|EXTENSION|TYPE|DATABASE)\b"
)
_WRITTEN = re.compile(
    r"SELECT\b.*?\bFROM\s+\S|SELECT\s+[\w.]+\(|WITH\b.*?\bAS\s+(?:MATERIALIZED\s+)?\(|INSERT\s+INTO\s+\S"
    r"|UPDATE\s+\S+(?:\s+\w+)?\s+SET\b|DELETE\s+FROM\s+\S|MERGE\s+INTO\s+\S"
    r"|COPY\s+\S+.*?\b(?:FROM|TO)\b|TRUNCATE\s+TABLE\s"
    rf"|(?:CREATE|ALTER|DROP)\s+{_OBJECTS}|(?:GRANT|REVOKE)\s+.*?\b(?:ON|TO|FROM)\s",
    re.DOTALL,
)
_NESTED = re.compile(r"\(\s*SELECT\b.*?\bFROM\s+\S", re.DOTALL)
_TOUCHED = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE(?:\s+ONLY)?|COPY|TRUNCATE(?:\s+TABLE)?|USING|TABLE)\s+(?:ONLY\s+)?"
    r"(?P<name>[\w.\"{}%:]+)(?P<call>\s*\()?",
    re.IGNORECASE,
)
_CATALOGS = re.compile(r"\"?(?:pg_|information_schema|sqlite_)", re.IGNORECASE)
_NOT_ROWS = re.compile(
    r"(?:CREATE|ALTER|DROP|GRANT|REVOKE|LOCK|COMMENT|SET|REFRESH|VACUUM|ANALYZE|RESET)\b",
    re.IGNORECASE,
)
_PARTS = frozenset(
    {"unnest", "generate_series", "jsonb_array_elements", "values", "lateral", "select"}
)


def _bare(text: str) -> str:
    bare = _NOISE.sub(" ", text)
    lead = _LEAD.match(bare)
    return bare[lead.end() :] if lead else bare


def is_sql(text: str) -> bool:
    """Whether a text that is about to be executed is a statement, in letters of any case."""
    return _STATEMENT.match(_bare(text)) is not None


def verb_of(text: str) -> str:
    """The first SQL verb in a text, in capitals."""
    found = _STATEMENT.match(_bare(text)) or _VERB.search(text)
    return found.group().upper() if found else "SQL"


def looks_like_sql(text: str) -> bool:
    """Whether a text, wherever it stands, is written as a statement; prose is not."""
    # The cheap question first: most texts hold no SQL word at all.
    if not any(verb in text for verb in _TELLING):
        return False
    bare = _bare(text)
    return _WRITTEN.match(bare) is not None or _NESTED.search(bare) is not None


_TELLING = SQL_VERBS[:13]


def touches_rows(text: str) -> bool:
    """Whether a statement reads or writes rows of a table, other than the database's catalogs."""
    bare = _bare(text)
    if not _STATEMENT.match(bare) or _NOT_ROWS.match(bare):
        return False
    named = re.findall(r"(\w+)\s+AS\s+(?:MATERIALIZED\s+)?\(", bare, re.IGNORECASE)
    own = {name.lower() for name in named}
    for found in _TOUCHED.finditer(bare):
        name = found["name"]
        called = found["call"] is not None and not _lists_columns(bare, found)
        word = name.lower()
        if called or word in own or word in _PARTS or _CATALOGS.match(name):
            continue
        return True
    return False


def _lists_columns(bare: str, found: re.Match[str]) -> bool:
    """`INSERT INTO t (a, b)` lists columns; `FROM f(x)` calls a function."""
    return re.search(r"(?:INTO|COPY)\s+\S+\s*\(?$", bare[: found.end()], re.IGNORECASE) is not None


_CREATE = re.compile(
    r"\bCREATE\s+(?:(?:GLOBAL|LOCAL|UNLOGGED|FOREIGN)\s+)*TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?P<table>[\w.\"{}]+)\s*(?P<open>\()?",
    re.IGNORECASE,
)
_ADD = re.compile(
    r"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?P<table>[\w.\"{}]+)\s+(?P<actions>[^;]*)",
    re.IGNORECASE | re.DOTALL,
)
_COLUMN = re.compile(
    r"ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?!CONSTRAINT\b|PRIMARY\b|UNIQUE\b|FOREIGN\b|CHECK\b|EXCLUDE\b|GENERATED\b|VALUE\b)"
    r"(?P<column>\"[^\"]+\"|\w+)",
    re.IGNORECASE,
)
_NO_COLUMN = frozenset({"constraint", "primary", "unique", "foreign", "check", "exclude", "like"})
_STRINGS = re.compile(r"'(?:[^']|'')*'")
_BODIES = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)


def added_columns(sql: str) -> list[tuple[str, str, int]]:
    """Table, column and line of every column that the statements add; `*` where none is listed.

    What stands in function bodies is left out: it runs later, under the function's own review.
    """
    bare = _NOISE.sub(_blank, sql)
    bare = _STRINGS.sub(_blank, _BODIES.sub(_blank, bare))
    found = [
        (_unquoted(match["table"]), column, bare.count("\n", 0, match.start()) + 1)
        for match in _CREATE.finditer(bare)
        for column in _listed(bare, match)
    ]
    found += [
        (
            _unquoted(alter["table"]),
            _unquoted(match["column"]),
            bare.count("\n", 0, alter.start()) + 1,
        )
        for alter in _ADD.finditer(bare)
        for match in _COLUMN.finditer(alter["actions"])
    ]
    return found


def _listed(bare: str, match: re.Match[str]) -> list[str]:
    if match["open"] is None:
        return [] if re.match(r"\s*PARTITION\s+OF", bare[match.end() :], re.IGNORECASE) else ["*"]
    depth, start, position, parts = 1, match.end(), match.end(), []
    while position < len(bare) and depth:
        char = bare[position]
        depth += (char == "(") - (char == ")")
        if (char == "," and depth == 1) or not depth:
            parts.append(bare[start:position])
            start = position + 1
        position += 1
    words = [part.split(None, 1)[0] for part in parts if part.strip()]
    if any(word.lower() == "like" for word in words):
        return ["*"]
    return [_unquoted(word) for word in words if word.lower().rstrip("(") not in _NO_COLUMN]


def _unquoted(name: str) -> str:
    return name.replace('"', "").lower()


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n") + " "
