"""The Merkle tree of RFC 6962: roots, and proofs that a leaf is in it or that it only grew.

Hashes are 32 bytes of SHA-256. It knows no database and no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "Frontier",
    "MerkleTree",
    "NotAFrontier",
    "leaf_hash",
    "root_from_inclusion",
    "root_of",
    "roots_from_consistency",
]

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF, _NODE = b"\0", b"\1"


class NotAFrontier(ValueError):
    """Bytes that are no frontier of a tree of that size."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash that stands for a leaf in the tree."""
    return hashlib.sha256(_LEAF + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


class Frontier:
    """The complete subtrees of a tree, largest first: all that is needed to let it grow.

    A tree of n leaves has as many as n has binary ones.
    """

    def __init__(self, size: int = 0, subtrees: Iterable[bytes] = ()) -> None:
        self._size = size
        self._subtrees = list(subtrees)

    @classmethod
    def from_bytes(cls, size: int, content: bytes) -> Frontier:
        """A frontier as `to_bytes` wrote it."""
        subtrees = [
            content[start : start + HASH_BYTES] for start in range(0, len(content), HASH_BYTES)
        ]
        if size < 0 or len(content) != size.bit_count() * HASH_BYTES:
            message = f"{len(content)} bytes are no frontier of a tree of {size} leaves"
            raise NotAFrontier(message)
        return cls(size, subtrees)

    def to_bytes(self) -> bytes:
        """The subtrees' hashes, one after the other."""
        return b"".join(self._subtrees)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def append(self, leaf: bytes) -> None:
        """Add a leaf at the end."""
        subtree = leaf_hash(leaf)
        merged = self._size
        while merged & 1:
            subtree = _node_hash(self._subtrees.pop(), subtree)
            merged >>= 1
        self._subtrees.append(subtree)
        self._size += 1

    def root(self) -> bytes:
        """The root hash of the tree as it is now."""
        if not self._subtrees:
            return EMPTY_ROOT
        root = self._subtrees[-1]
        for subtree in reversed(self._subtrees[:-1]):
            root = _node_hash(subtree, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root hash over these leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def _split(size: int) -> int:
    """The largest power of two below that size."""
    return 1 << (size - 1).bit_length() - 1


class MerkleTree:
    """A tree whose leaves are all at hand: it proves what it holds.

    Hashes of complete subtrees are computed once, a level at a time.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._size = len(leaves)
        self._levels = [[leaf_hash(leaf) for leaf in leaves]]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append(
                [_node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)]
            )

    def inclusion_proof(self, position: int) -> list[bytes]:
        """The audit path of the leaf at that position, from its sibling up (RFC 6962 2.1.1)."""
        if not 0 <= position < self._size:
            message = f"no leaf stands at position {position} of a tree of {self._size}"
            raise IndexError(message)
        path: list[bytes] = []
        start, stop = 0, self._size
        while stop - start > 1:
            middle = start + _split(stop - start)
            if position < middle:
                path.append(self._hash(middle, stop))
                stop = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """The proof that the tree of `old_size` leaves is the beginning of this one (2.1.2)."""
        if not 0 < old_size <= self._size:
            message = f"a tree of {self._size} leaves proves nothing about one of {old_size}"
            raise IndexError(message)
        return list(self._subproof(old_size, 0, self._size, whole=True))

    def _subproof(self, old_size: int, start: int, stop: int, *, whole: bool) -> Iterator[bytes]:
        if old_size == stop - start:
            if not whole:
                yield self._hash(start, stop)
            return
        middle = start + _split(stop - start)
        if old_size <= middle - start:
            yield from self._subproof(old_size, start, middle, whole=whole)
            yield self._hash(middle, stop)
        else:
            yield from self._subproof(old_size - (middle - start), middle, stop, whole=False)
            yield self._hash(start, middle)

    def _hash(self, start: int, stop: int) -> bytes:
        """The hash of the subtree over the leaves from start up to stop."""
        size = stop - start
        if size & (size - 1) == 0 and start % size == 0:
            return self._levels[size.bit_length() - 1][start // size]
        middle = start + _split(size)
        return _node_hash(self._hash(start, middle), self._hash(middle, stop))


def root_from_inclusion(
    leaf: bytes, position: int, size: int, path: Sequence[bytes]
) -> bytes | None:
    """The root that this audit path leads to, None where no path of that length can be one."""
    if not 0 <= position < size:
        return None
    root, node, last = leaf_hash(leaf), position, size - 1
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = _node_hash(sibling, root)
            while node & 1 == 0 and node:
                node >>= 1
                last >>= 1
        else:
            root = _node_hash(root, sibling)
        node >>= 1
        last >>= 1
    return root if last == 0 else None


def roots_from_consistency(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """The old and the new root that this proof leads to, None where its length is wrong."""
    if not 0 < old_size <= new_size:
        return None
    if old_size == new_size:
        return None if path else (old_root, old_root)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    rest = list(path)
    if node:
        if not rest:
            return None
        start = rest.pop(0)
    else:
        start = old_root
    old = new = start
    for sibling in rest:
        if last == 0:
            return None
        if node & 1 or node == last:
            old, new = _node_hash(sibling, old), _node_hash(sibling, new)
            while node & 1 == 0 and node:
                node >>= 1
                last >>= 1
        else:
            new = _node_hash(new, sibling)
        node >>= 1
        last >>= 1
    return (old, new) if last == 0 else None
