"""Reading lists of codes and refusing codes that stand in none."""

from __future__ import annotations

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from market.errors import FieldError, RuleViolation
from market.reference import queries
from market.reference.rules import Scheme
from market.reference.service import load_codes


def test_codes_come_in_their_own_order(session: Session) -> None:
    entries = queries.list_codes(session, Scheme.CONTRACT_TYPE)
    assert [entry.code for entry in entries][:2] == ["KF", "ZR"]
    assert [entry.sort for entry in entries] == sorted(entry.sort for entry in entries)
    assert {entry.scheme for entry in entries} == {Scheme.CONTRACT_TYPE}


def test_names_are_read_once_and_again_after_loading(session: Session) -> None:
    statements: list[str] = []
    session.info.clear()
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert queries.code_names(session, Scheme.CONTRACT_TYPE)["KF"] == "技术开发"
    first = len(statements)
    queries.code_names(session, Scheme.CONTRACT_TYPE)
    assert len(statements) == first
    row = {
        "scheme": Scheme.CONTRACT_TYPE,
        "code": "KF",
        "name": "技术开发（新）",
        "parent_code": None,
        "sort": 10,
    }
    rest = {"valid_from": None, "valid_to": None, "source": "测试", "verified": False}
    assert load_codes(session, [{**row, **rest}]) == 1
    assert queries.code_names(session, Scheme.CONTRACT_TYPE)["KF"] == "技术开发（新）"


def test_all_unknown_codes_are_named_at_once(session: Session) -> None:
    with pytest.raises(RuleViolation) as caught:
        queries.check_codes(
            session,
            [
                ("/type", Scheme.CONTRACT_TYPE, "KF"),
                ("/field", Scheme.TECH_FIELD, "99"),
                ("/nature", Scheme.PARTY_NATURE, None),
                ("/chains/0", Scheme.CHAIN, "nope"),
            ],
        )
    assert caught.value.code == "unknown-code"
    assert caught.value.fields == (
        FieldError("/field", "unknown-code", "技术领域中没有代码“99”。"),
        FieldError("/chains/0", "unknown-code", "产业链中没有代码“nope”。"),
    )


def test_known_codes_pass(session: Session) -> None:
    queries.check_codes(session, [("/type", Scheme.CONTRACT_TYPE, "ZR")])


def test_customs_codes_lead_to_iso_codes(session: Session) -> None:
    found = queries.customs_to_iso(session)
    assert (found["142"], found["344"], found["110"]) == ("156", "643", "344")
    assert set(found.values()) == set(queries.code_names(session, Scheme.PARTY_COUNTRY))
