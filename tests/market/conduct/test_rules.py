"""The table of steps, who takes them, notices, terms and what is public."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.conduct.rules import (
    INVOLVING,
    STEPS,
    TERMS,
    Action,
    Board,
    By,
    Facts,
    Relation,
    Status,
    ground_fits,
    is_public,
    right_refusal,
    shown_status,
    step_refusal,
    term_fault,
)

TODAY = date(2025, 6, 10)
SUBJECT, INSIDER = 4, 5
"""People 0 to 3 are of the office, the insider is of the office and the subject at once."""


def relation(person: int, taken: list[tuple[Action, int]]) -> Relation:
    mine = {action for action, by in taken if by == person}
    return Relation(
        office=person != SUBJECT,
        subject=person in {SUBJECT, INSIDER},
        proposed=Action.PROPOSE in mine,
        involved=bool(INVOLVING & mine),
    )


@given(st.integers(0, 3), st.data())
def test_no_way_leads_round_check_notice_and_hearing(proposer: int, data: st.DataObject) -> None:
    """Whichever open steps are taken, and when: what is listed was checked by another, noticed and heard."""
    taken = [(Action.PROPOSE, proposer)]
    status, day, until, objected, appeal = Status.PROPOSED, 0, None, False, False
    for passed in data.draw(st.lists(st.integers(0, 6), max_size=15)):
        day += passed
        over = until is not None and day > until
        facts = Facts(status=status, notice_over=over, expired=day > 40, appealed=appeal)
        open_steps = [
            (action, person)
            for action in STEPS
            for person in range(6)
            if not right_refusal(action, relation(person, taken)) and not step_refusal(action, facts)
        ]
        if not open_steps:
            break
        action, person = data.draw(st.sampled_from(open_steps))
        by = STEPS[action].by
        assert by is By.SUBJECT or person not in {proposer, SUBJECT, INSIDER}
        assert action is not Action.LIST or (over and not objected and Action.PASS in dict(taken))
        if by is By.UNINVOLVED:
            assert appeal
            assert not any(one == person and step in INVOLVING for step, one in taken)
        until = day + 5 if action is Action.PASS else until
        objected = action is Action.OBJECT or (objected and action is not Action.DISMISS)
        appeal = action is Action.APPEAL or (appeal and by is not By.UNINVOLVED)
        status = STEPS[action].target or status
        taken.append((action, person))


@pytest.mark.parametrize(
    ("action", "who", "code"),
    [
        (Action.PASS, Relation(), "role-not-allowed"),
        (Action.PASS, Relation(subject=True), "role-not-allowed"),
        (Action.PASS, Relation(office=True, proposed=True), "checker-is-proposer"),
        (Action.LIST, Relation(office=True, subject=True), "own-case"),
        (Action.LIST, Relation(office=True, involved=True), None),
        (Action.UPHOLD_APPEAL, Relation(office=True, involved=True), "decider-involved"),
        (Action.UPHOLD_APPEAL, Relation(office=True), None),
        (Action.OBJECT, Relation(), "role-not-allowed"),
        (Action.OBJECT, Relation(subject=True), None),
        (Action.APPEAL, Relation(office=True), None),
    ],
)
def test_who_takes_a_step(action: Action, who: Relation, code: str | None) -> None:
    refusal = right_refusal(action, who)
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("action", "facts", "code"),
    [
        (Action.LIST, Facts(status=Status.NOTICED), "notice-running"),
        (Action.LIST, Facts(status=Status.NOTICED, notice_over=True, expired=True), "record-expired"),
        (Action.OBJECT, Facts(status=Status.NOTICED, notice_over=True), "objections-closed"),
        (Action.LIST, Facts(status=Status.OBJECTED, notice_over=True), "illegal-transition"),
        (Action.APPEAL, Facts(status=Status.LISTED, appealed=True), "appeal-open"),
        (Action.REMOVE, Facts(status=Status.LISTED, appealed=True), "appeal-open"),
        (Action.DISMISS_APPEAL, Facts(status=Status.LISTED), "appeal-missing"),
        (Action.UPHOLD_APPEAL, Facts(status=Status.LISTED, expired=True, appealed=True), None),
    ],
)
def test_what_must_be_so_before_a_step(action: Action, facts: Facts, code: str | None) -> None:
    refusal = step_refusal(action, facts)
    assert (refusal.code if refusal else None) == code


def test_a_record_ends_by_itself_after_its_last_day() -> None:
    assert shown_status(Status.LISTED, expires_on=TODAY, day=TODAY) is Status.LISTED
    assert shown_status(Status.LISTED, expires_on=TODAY, day=TODAY + timedelta(days=1)) is Status.EXPIRED
    assert shown_status(Status.REMOVED, expires_on=TODAY, day=date(2030, 1, 1)) is Status.REMOVED
    told = step_refusal(Action.PASS, Facts(status=Status.LISTED, expired=True))
    assert told is not None
    assert "已到期" in told.detail


def test_only_what_stands_on_a_list_is_public_and_red_notices_are() -> None:
    public = {(board, status) for board in Board for status in Status if is_public(board, status)}
    assert public == {
        (Board.RED, Status.LISTED),
        (Board.BLACK, Status.LISTED),
        (Board.RED, Status.NOTICED),
        (Board.RED, Status.OBJECTED),
    }


def test_a_term_has_an_end_and_a_ground_its_list() -> None:
    longest = TODAY + timedelta(days=TERMS[Board.BLACK].longest_days)
    assert term_fault(Board.BLACK, longest, today=TODAY) is None
    assert term_fault(Board.BLACK, longest + timedelta(days=1), today=TODAY) is not None
    assert term_fault(Board.RED, TODAY, today=TODAY) is not None
    assert ground_fits(Board.RED, "red_results")
    assert not ground_fits(Board.RED, "black_leak")
    assert not any(terms.verified for terms in TERMS.values())
