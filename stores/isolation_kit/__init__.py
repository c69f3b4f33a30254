"""The isolation kit: proves that an agent surface shows one tenant nothing of another.

A pytest plugin, an attack corpus and deliberate weakenings; `docs/isolation-kit.md` shows its use.
"""
