"""Drawing experts at random, their declarations, and those who fill empty seats."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from market.accounts.rules import Actor
from market.challenges.models import Challenge, Panel, PanelSeat
from market.challenges.queries.bids import standing_bids
from market.challenges.queries.challenges import get_challenge
from market.challenges.queries.panels import (
    active_seats,
    as_candidates,
    candidates,
    concerned_with,
    get_seat,
    has_account,
    is_own_seat,
    lapsed,
    panels_of,
    seats_of,
)
from market.challenges.queries.scores import facts_of
from market.challenges.rules import (
    RECUSAL_NAMES,
    SEATED,
    Action,
    Recusal,
    SeatStatus,
    draw,
    size_fault,
)
from market.challenges.service.steps import require_possible, require_right, take_step
from market.clock import china_day
from market.errors import Conflict, PermissionDenied, violation
from market.libraries.models import Talent
from market.reference.queries import check_codes, check_region
from market.reference.rules import Scheme

SEED_BYTES = 16


def draw_panel(
    session: Session,
    actor: Actor,
    challenge_id: int,
    *,
    size: int | None = None,
    fields: Sequence[str] | None = None,
    region: str | None = None,
    note: str | None = None,
    seed: str | None = None,
    now: datetime,
) -> Panel:
    """Draw experts by field, without those who have an interest, as the bureau.

    A second draw is made only when the order of the first is used up and seats are empty; it fills
    those seats.

    Args:
        session: open transaction.
        actor: the bureau.
        challenge_id: a challenge whose bids have been checked.
        size: how many experts, odd; None for the rules' number. Only for the first draw.
        fields: technical fields; None for the challenge's own, empty for any.
        region: only experts of this region; None for any.
        note: why other fields or another region than the challenge's own.
        seed: fresh unless given; for tests and for repeating a draw.
        now: present time.

    Raises:
        PermissionDenied: another region's bureau.
        Conflict: not the time for it, or `panel-drawn`.
        RuleViolation: a size that is not allowed, an unknown field or region, fields or a region other than
            the challenge's own without a note, or `too-few-experts`.
    """
    challenge = get_challenge(session, actor, challenge_id, lock=True)
    require_right(actor, challenge, Action.DRAW)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.DRAW, facts)
    before, seats = panels_of(session, challenge.id), seats_of(session, challenge.id)
    wanted = _wanted_size(challenge, size, before)
    empty = wanted - len(active_seats(seats))
    if before and (empty <= 0 or _next_in_order(before, seats) is not None):
        raise Conflict("评审组已抽取，尚有可递补的专家或没有空缺。", code="panel-drawn")
    own = [one for one in [challenge.tech_field] if one]
    chosen = list(fields) if fields is not None else own
    check_codes(session, [(f"/fields/{i}", Scheme.TECH_FIELD, code) for i, code in enumerate(chosen)])
    if region is not None:
        check_region(session, region, pointer="/region")
    if not note and (set(chosen) != set(own) or region not in {None, challenge.region_code}):
        raise violation("/note", "note-missing", "抽取的领域或地区与榜单项目不同时请写明理由。")
    day = china_day(now)
    seated = {seat.talent_id for seat in seats}
    found = candidates(session, challenge, fields=chosen, region=region, day=day, without=seated)
    used = seed or secrets.token_hex(SEED_BYTES)
    drawn = draw(used, found, concerned_with(session, challenge, standing_bids(session, challenge.id)))
    if len(drawn.order) < empty:
        detail = (
            f"需要{empty}位专家，符合条件的有{len(drawn.order)}位（应回避{len(drawn.excluded)}位），"
            "请放宽领域或充实人才库。"
        )
        raise violation("/size", "too-few-experts", detail)
    panel = Panel(
        challenge_id=challenge.id,
        round=len(before) + 1,
        seats=wanted,
        fields=chosen,
        region_code=region,
        note=note,
        seed=used,
        eligible=list(drawn.eligible),
        excluded=[{"talent_id": one, "reason": why.value} for one, why in drawn.excluded.items()],
        order=list(drawn.order),
        drawn_by=actor.user_id,
        drawn_at=now,
    )
    session.add(panel)
    session.flush()  # draws the id; a lost race stops here
    for talent_id in drawn.order[:empty]:
        _call(session, panel, talent_id)
    session.refresh(panel)
    words = f"第{panel.round}次抽取" + (f"：{note}" if note else "")
    take_step(session, actor, challenge, Action.DRAW, facts=facts, now=now, note=words)
    return panel


def _wanted_size(challenge: Challenge, size: int | None, before: Sequence[Panel]) -> int:
    if before:
        if size not in {None, before[0].seats}:
            raise violation("/size", "panel-size-fixed", f"评审组人数已定为{before[0].seats}人。")
        return before[0].seats
    rules = challenge.demand_rules
    wanted = size if size is not None else rules.panel_size
    fault = size_fault(wanted, least=rules.panel_least)
    if fault is not None:
        raise violation("/size", "panel-size-invalid", fault)
    return wanted


def _next_in_order(panels: Sequence[Panel], seats: Sequence[PanelSeat]) -> int | None:
    """Return who comes next in the order of the newest draw; None if it is used up."""
    newest = panels[-1]
    gone = {seat.talent_id for seat in seats} | {one["talent_id"] for one in newest.passed_over}
    return next((talent_id for talent_id in newest.order if talent_id not in gone), None)


def _call_next(session: Session, challenge: Challenge, *, now: datetime) -> None:
    """Call the next of the order who can still be asked; those before are noted as passed over."""
    panels = panels_of(session, challenge.id)
    seats = seats_of(session, challenge.id)
    while (talent_id := _next_in_order(panels, seats)) is not None:
        expert = session.get_one(Talent, talent_id)
        reason = lapsed(session, expert, day=china_day(now))
        reason = reason or _known_conflict(session, challenge, expert, now=now)
        if reason is None:
            _call(session, panels[-1], talent_id)
            return
        note = {"talent_id": talent_id, "reason": reason.value, "on": china_day(now).isoformat()}
        panels[-1].passed_over = [*panels[-1].passed_over, note]
    session.flush()  # the draw is read afresh by what follows


def _call(session: Session, panel: Panel, talent_id: int) -> None:
    seat = PanelSeat(
        panel_id=panel.id,
        challenge_id=panel.challenge_id,
        talent_id=talent_id,
        position=panel.order.index(talent_id) + 1,
        status=SeatStatus.CALLED,
    )
    session.add(seat)
    session.flush()


def declare(
    session: Session, actor: Actor, seat_id: int, *, free: bool, words: str | None, now: datetime
) -> PanelSeat:
    """Declare whether an expert is free of conflicts; one who is not is replaced by the next in order.

    Who left the pool, took the consent back or came under a conflict since the draw is passed over then.
    A conflict may be declared later too, as long as the review is not concluded; sheets of that expert
    then count no more. Who has an account says alone to be free; a conflict the bureau may record of anyone.

    Args:
        session: open transaction.
        actor: the expert, or the bureau that writes down what the expert declared.
        seat_id: the expert's seat.
        free: whether nothing stands in the way.
        words: what the conflict is; where the bureau writes it down, where the declaration is kept.
        now: present time.

    Raises:
        NotFound: the actor is neither.
        PermissionDenied: `expert-has-account`: the bureau cannot say for this expert that nothing stands in
            the way.
        Conflict: the review is not under way, or the declaration has been made; `expert-conflicted`
            where the market knows of a conflict.
        RuleViolation: a conflict, or a declaration written down by the bureau, without words.
    """
    seat, challenge = get_seat(session, actor, seat_id)
    challenge = get_challenge(session, actor, challenge.id, lock=True)
    session.refresh(seat)  # as it stands now that its challenge is locked
    own = is_own_seat(actor, seat)
    if not own:
        require_right(actor, challenge, Action.DECLARE)
    facts = facts_of(session, challenge, now=now)
    require_possible(Action.DECLARE, facts)
    if seat.status not in (SEATED if not free else {SeatStatus.CALLED}):
        raise Conflict("该专家已经作出声明。", code="declared-already")
    if free and not own and has_account(session, seat.talent):
        detail = "该专家有账号，无须回避由本人声明；不能履职的，由主管部门记为回避，依次递补。"
        raise PermissionDenied(detail, code="expert-has-account")
    if not words and (not free or not own):
        raise violation("/words", "words-missing", "请写明回避事由；代为记录的，请写明声明书存放何处。")
    reason = _known_conflict(session, challenge, seat.talent, now=now) if free else None
    if reason is not None:
        raise Conflict(f"该专家应当回避：{RECUSAL_NAMES[reason]}。", code="expert-conflicted")
    seat.status = SeatStatus.CLEARED if free else SeatStatus.RECUSED
    seat.words, seat.declared_by, seat.declared_at = words, actor.user_id, now
    session.flush()
    if not free:
        _call_next(session, challenge, now=now)
    take_step(
        session, actor, challenge, Action.DECLARE, facts=facts, now=now,
        note="无须回避" if free else RECUSAL_NAMES[Recusal.DECLARED],
    )  # fmt: skip
    return seat


def _known_conflict(
    session: Session, challenge: Challenge, expert: Talent, *, now: datetime
) -> Recusal | None:
    """Look again: since the draw somebody may have changed units or been barred."""
    found = as_candidates(session, [expert], region=challenge.region_code, day=china_day(now))
    drawn = draw("", found, concerned_with(session, challenge, standing_bids(session, challenge.id)))
    return drawn.excluded.get(expert.id)


def require_cleared(seat: PanelSeat) -> None:
    """Refuse experts who have not declared to be free of conflicts.

    Raises:
        PermissionDenied: `expert-not-cleared`.
    """
    if seat.status is not SeatStatus.CLEARED:
        raise PermissionDenied("专家声明无须回避以后才能评分。", code="expert-not-cleared")
