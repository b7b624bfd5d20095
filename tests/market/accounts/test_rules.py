"""Credit codes, passwords, and who watches over whom."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from market.accounts.rules import (
    OPERATOR,
    ROLE_OF_KIND,
    SELF_REGISTERED,
    VERIFICATION_STEPS,
    Actor,
    OrganisationKind,
    OrganisationStatus,
    Role,
    is_valid_uscc,
    normalise_uscc,
    oversees,
    password_fault,
)

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LETTER = st.sampled_from(ALPHABET)


def check_character(head: str) -> str:
    """Compute GB 32100-2015 anew: weights 3^i modulo 31."""
    total = sum(ALPHABET.index(character) * pow(3, i, 31) for i, character in enumerate(head))
    return ALPHABET[(31 - total % 31) % 31]


HEADS = st.tuples(
    st.text(LETTER, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(LETTER, min_size=9, max_size=9),
).map("".join)
CODES = HEADS.map(lambda head: head + check_character(head))


@pytest.mark.parametrize("code", ["91110000600037341L", "91350100M000100Y43"])
def test_published_code_is_valid(code: str) -> None:
    assert is_valid_uscc(code)


@given(CODES)
def test_code_with_its_check_character_is_valid(code: str) -> None:
    assert is_valid_uscc(code)


@given(CODES, st.integers(0, 17), LETTER)
def test_any_one_changed_character_is_found(code: str, place: int, letter: str) -> None:
    assume(code[place] != letter)
    assert not is_valid_uscc(code[:place] + letter + code[place + 1 :])


@given(CODES, st.integers(0, 17), st.characters(exclude_characters=ALPHABET))
def test_character_outside_the_alphabet_is_refused(code: str, place: int, letter: str) -> None:
    assert not is_valid_uscc(code[:place] + letter + code[place + 1 :])


@given(st.text(max_size=20))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert is_valid_uscc(normalise_uscc(text)) in {True, False}


@given(st.sampled_from(["N1", "N2", "Y1", "A1"]), HEADS)
def test_leading_letter_is_allowed_unlike_in_stdnum(start: str, head: str) -> None:
    head = start + head[2:]
    code = head + check_character(head)
    assert is_valid_uscc(code)
    assert not stdnum_uscc.is_valid(code)


@given(CODES.filter(lambda code: code[:2].isdecimal()))
def test_stdnum_agrees_where_it_knows_the_form(code: str) -> None:
    assert stdnum_uscc.is_valid(code)


def test_letters_in_the_region_are_refused() -> None:
    head = "91A10000600037341"
    assert not is_valid_uscc(head + check_character(head))


def test_blanks_hyphens_and_case_do_not_matter() -> None:
    assert normalise_uscc(" 9111 0000-600037341l ") == "91110000600037341L"


@pytest.mark.parametrize("password", ["correct horse", "一二三四五六七八九十", "x1y2z" * 40])
def test_long_password_needs_no_composition(password: str) -> None:
    assert password_fault(password, login="someone") is None


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "至少需要10个字符"),
        ("abcdefghi", "至少需要10个字符"),
        ("x1y2z" * 40 + "!", "不能超过200个字符"),
        ("aaaaaaaaaaaa", "至少要有5种不同字符"),
        ("abcdabcdabcd", "至少要有5种不同字符"),
        ("my-SomeOne-2025", "不能包含登录名"),
    ],
)
def test_weak_password_is_explained(password: str, words: str) -> None:
    assert words in (password_fault(password, login="someone") or "")


@pytest.mark.parametrize(
    ("actor", "region", "covered"),
    [
        (Actor(1, Role.BUREAU, 1, "320281", verified=True), "320281", True),
        (Actor(1, Role.BUREAU, 1, "320200", verified=True), "320281", True),
        (Actor(1, Role.BUREAU, 1, "000000", verified=True), "320281", True),
        (Actor(1, Role.BUREAU, 1, "320281", verified=True), "320200", False),
        (Actor(1, Role.BUREAU, 1, "320100", verified=True), "320281", False),
        (Actor(1, Role.BUREAU, 1, "320281", verified=True), None, False),
        (Actor(1, Role.BUREAU, 1, None, verified=True), "320281", False),
        (Actor(1, Role.BUREAU, 1, "320281", verified=False), "320281", False),
        (Actor(1, Role.REGISTRAR, 1, "320281", verified=True), "320281", False),
        (OPERATOR, "320281", False),
    ],
)
def test_bureau_watches_over_its_region(actor: Actor, region: str | None, covered: bool) -> None:
    assert oversees(actor, region) is covered


def test_every_kind_has_one_role_and_only_admins_have_none() -> None:
    assert set(ROLE_OF_KIND) == set(OrganisationKind)
    assert set(ROLE_OF_KIND.values()) == set(Role) - {Role.ADMIN}
    assert {OrganisationKind.STATION, OrganisationKind.BUREAU} == set(OrganisationKind) - SELF_REGISTERED


def test_every_status_has_a_way_to_verified_and_none_to_pending() -> None:
    assert set(VERIFICATION_STEPS) == set(OrganisationStatus)
    for status, steps in VERIFICATION_STEPS.items():
        assert OrganisationStatus.PENDING not in steps
        assert status not in steps
        assert (OrganisationStatus.VERIFIED in steps) == (status is not OrganisationStatus.VERIFIED)


def test_actor_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        OPERATOR.role = Role.BUREAU  # type: ignore[misc]
