"""`python -m expectations.lint PATH...`: the linter by itself, for pre-commit and `make check`."""

from __future__ import annotations

import sys
from pathlib import Path

from expectations.errors import ExpectationsError
from expectations.lint.checking import lint_paths
from expectations.lint.fixes import apply_fixes

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Print a line per finding; 1 where there is any, 2 where it cannot lint."""
    if any(argument.startswith("-") and argument != "--fix" for argument in arguments):
        sys.stderr.write("usage: python -m expectations.lint [--fix] [PATH...]\n")
        return 2
    paths = [Path(argument) for argument in arguments if argument != "--fix"]
    try:
        linted = lint_paths(paths or [Path()])
        if "--fix" in arguments and apply_fixes(linted.edits):
            linted = lint_paths(paths or [Path()])
    except ExpectationsError as error:
        sys.stderr.write(f"refused: {error}\n")
        return 2
    for finding in linted.findings:
        sys.stdout.write(f"{finding.place}: {finding.rule.rule_id} {finding.message}\n")
    return 1 if linted.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
