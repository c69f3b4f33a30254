"""The Merkle tree must be that of RFC 6962, and its proofs must prove nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.ledger_tree import (
    EMPTY_ROOT,
    Frontier,
    MerkleTree,
    NotAFrontier,
    root_from_inclusion,
    root_of,
    roots_from_consistency,
)

_LEAVES = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
_ROOTS = (  # of the first 1 to 8 of these leaves, as published with Certificate Transparency
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def _plain_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + _plain_root(leaves[:k]) + _plain_root(leaves[k:])).digest()


def _some(size: int) -> list[bytes]:
    return [hashlib.sha256(str(n).encode()).digest() for n in range(size)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    """Another implementation must come to the same root."""
    assert root_of(_LEAVES[:size]).hex() == _ROOTS[size - 1]


@given(st.integers(0, 70))
def test_a_root_is_what_the_definition_says(size: int) -> None:
    """The frontier is an optimization and nothing else."""
    assert root_of(_some(size)) == _plain_root(_some(size))


def test_an_empty_tree_has_a_root() -> None:
    """A ledger without an entry can be signed too."""
    assert root_of([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_frontier_goes_on_where_it_was_left(first: int, second: int) -> None:
    """A seal adds to what the last one left, without reading it again."""
    leaves = _some(first + second)
    frontier = Frontier()
    for leaf in leaves[:first]:
        frontier.append(leaf)
    again = Frontier.from_bytes(first, frontier.to_bytes())
    for leaf in leaves[first:]:
        again.append(leaf)
    assert (again.size, again.root()) == (first + second, _plain_root(leaves))


@pytest.mark.parametrize(("size", "length"), [(1, 0), (0, 32), (3, 32), (4, 64), (-1, 32), (1, 31)])
def test_bytes_of_another_size_are_no_frontier(size: int, length: int) -> None:
    """A frontier that was cut must not become a shorter tree."""
    with pytest.raises(NotAFrontier):
        Frontier.from_bytes(size, b"x" * length)


@given(st.integers(1, 70).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_a_leaf_is_proven_to_be_where_it_is(place: tuple[int, int]) -> None:
    """The path leads to the root, and only from this leaf and this position."""
    size, position = place
    leaves = _some(size)
    path = MerkleTree(leaves).inclusion_proof(position)
    root = root_of(leaves)
    assert root_from_inclusion(leaves[position], position, size, path) == root
    assert root_from_inclusion(b"another", position, size, path) != root
    for other in range(size):
        if other != position:
            assert root_from_inclusion(leaves[position], other, size, path) != root
    assert root_from_inclusion(leaves[position], position, size, [*path, root]) is None
    if path:
        assert root_from_inclusion(leaves[position], position, size, path[:-1]) is None


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_a_tree_is_proven_to_be_the_beginning_of_another(sizes: tuple[int, int]) -> None:
    """The proof leads to both roots; a proof for another history leads elsewhere."""
    new, old = sizes
    leaves = _some(new)
    path = MerkleTree(leaves).consistency_proof(old)
    roots = (root_of(leaves[:old]), root_of(leaves))
    assert roots_from_consistency(old, roots[0], new, path) == roots
    forged = [b"edited", *leaves[1:]]
    forged_path = MerkleTree(forged).consistency_proof(old)
    assert roots_from_consistency(old, roots[0], new, forged_path) != (roots[0], root_of(forged))
    assert roots_from_consistency(old, roots[0], new, [*path, roots[1]]) is None
    if path:
        shorter = roots_from_consistency(old, roots[0], new, path[:-1])
        assert shorter is None or shorter != roots


@pytest.mark.parametrize(("size", "position"), [(0, 0), (3, 3), (3, -1)])
def test_what_is_not_there_cannot_be_proven(size: int, position: int) -> None:
    """A position outside the tree has no path."""
    with pytest.raises(IndexError):
        MerkleTree(_some(size)).inclusion_proof(position)
    assert root_from_inclusion(b"", position, size, []) is None
