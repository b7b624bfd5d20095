"""What becomes of an award when its registered contract is cancelled or revoked."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.challenges.queries.challenges import list_events
from market.challenges.rules import Action, Mode, Payee, Status
from market.challenges.service.awards import start_award
from market.challenges.service.performance import pay_grant
from market.clock import china_day
from market.contracts import service as contracts
from market.contracts.models import Contract
from market.contracts.rules import Status as ContractStatus
from market.libraries.models import Project
from market.libraries.service.projects import close_project
from tests.market.challenges.factories import NOTICE_OVER, Field, cast_of, make_field, reach
from tests.market.challenges.refusing import refused
from tests.market.contracts.factories import Cast, decide, make_application, revoke
from tests.market.libraries.factories import ENCODER


def register(session: Session, scene: Field, cast: Cast) -> Contract:
    """Register a contract of the scene's award."""
    return make_application(
        session, cast, status=ContractStatus.REGISTERED, award_id=scene.awards[0].id,
        total_amount_fen=60_000_000, tech_amount_fen=60_000_000,
    )  # fmt: skip


def start(session: Session, scene: Field) -> None:
    """Begin the work of the scene's award."""
    start_award(session, scene.bureau, scene.awards[0].id, note=None, now=NOTICE_OVER)


def pay(session: Session, scene: Field) -> None:
    """Pay a part of its grant."""
    pay_grant(
        session, scene.bureau, scene.awards[0].id, payee=Payee.SOLVER, amount_fen=1,
        paid_on=china_day(NOTICE_OVER), now=NOTICE_OVER,
    )  # fmt: skip


def test_an_award_waits_for_a_contract_again_once_none_of_its_own_stands(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.AWARDED)
    (award,), cast = scene.awards, cast_of(session, scene)
    first, second = (register(session, scene, cast) for _ in range(2))
    revoke(session, cast, first, now=NOTICE_OVER)
    assert (award.status, award.contracted_on is None) == (Status.CONTRACTED, False)  # the second one stands
    request = contracts.request_cancellation(
        session, cast.seller, second.id, reason="协商解除", now=NOTICE_OVER
    )
    decide(session, cast, request, now=NOTICE_OVER)
    assert (award.status, award.contracted_on, challenge.status) == (Status.AWARDED, None, Status.AWARDED)
    event = list_events(session, scene.bureau, challenge)[-1]
    assert (event.action, event.source, event.target, event.note) == (
        Action.UNSIGN,
        Status.CONTRACTED,
        Status.AWARDED,
        f"登记合同{second.reg_no}已注销",
    )
    for work in (start, pay):
        with refused("illegal-transition"):
            work(session, scene)
    register(session, scene, cast)
    start(session, scene)
    assert (challenge.status, award.contracted_on is None) == (Status.IMPLEMENTING, False)


def test_work_that_has_begun_goes_on_and_is_not_paid_without_a_contract(session: Session) -> None:
    scene = make_field(session, teams=1, experts=3)
    challenge = reach(session, scene, Status.AWARDED)
    cast = cast_of(session, scene)
    contract = register(session, scene, cast)
    start(session, scene)
    pay(session, scene)
    revoke(session, cast, contract, now=NOTICE_OVER)
    assert challenge.status is Status.IMPLEMENTING
    with refused("contract-missing"):
        pay(session, scene)
    register(session, scene, cast)
    pay(session, scene)
    steps = [event.action for event in list_events(session, scene.bureau, challenge)][-4:]
    assert steps == [Action.PAY, Action.UNSIGN, Action.SIGN, Action.PAY]


def test_nothing_begins_and_nothing_is_paid_once_the_project_is_closed(session: Session) -> None:
    signed, subsidised = make_field(session, teams=1, experts=3), make_field(session, teams=1, experts=0)
    subsidised.experts = signed.experts
    reach(session, signed, Status.CONTRACTED)
    reach(session, subsidised, Status.AWARDED, mode=Mode.POST_SUBSIDY)
    for scene, works in ((signed, (start, pay)), (subsidised, (start,))):
        project = session.get_one(Project, scene.awards[0].project_id)
        close_project(
            session, scene.bureau, project, accepted=False, note="失败", encoder=ENCODER, now=NOTICE_OVER
        )
        for work in works:
            with refused("project-closed"):
                work(session, scene)
