"""Importing listings on both databases: all or nothing, skipping, trying on, and running twice."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, Actor, OrganisationKind, OrganisationStatus
from market.audit.models import AuditEvent
from market.clock import FixedClock
from market.db import Database
from market.errors import PermissionDenied, RuleViolation
from market.exchange.models import ImportRun
from market.exchange.rules.runs import ImportKind, ImportOptions, Mode, Result
from market.exchange.service import ImportReport, import_within, plan_import, run_import
from market.listings import service as listings
from market.listings.models import Achievement, Listing, ListingEvent, Need
from market.listings.rules import Action, ListingKind, Status
from market.search.models import ListingChange, ListingVector, SearchDocument
from matching.encoder import HashingEncoder
from tests.factories import NOW, make_actor, make_organisation, make_user
from tests.market.exchange.factories import DATA, csv_file, workbook

HEADER = "编号,成果名称,简介,关键词,技术领域,价格（万元）\n"
GOOD = "R-1,电渗析脱盐中试装置,处理量每天二十吨，能耗每吨三度电。,脱盐,07,30\n"
OTHER = "R-2,钛合金激光增材修复,叶片修复后疲劳寿命不低于新品。,增材；激光,先进制造,面议\n"
BAD = "R-3,短,说明文字也太短,,07,30\n"
WRITTEN = (Listing, ListingEvent, ListingChange, ListingVector, SearchDocument)


@pytest.fixture
def university(database: Database) -> Organisation:
    with database.transaction() as session:
        return make_organisation(session, OrganisationKind.UNIVERSITY, name="澄江理工学院")


@pytest.fixture
def company(database: Database) -> Organisation:
    with database.transaction() as session:
        return make_organisation(session, name="澄江轧钢有限公司")


def options(**values: Any) -> ImportOptions:
    return ImportOptions(**{"kind": ImportKind.ACHIEVEMENTS, "organisation": "澄江理工学院", **values})


def run(
    database: Database,
    text: str | io.BytesIO,
    chosen: ImportOptions,
    *,
    actor: Actor = OPERATOR,
    name: str = "成果.csv",
    clock: FixedClock | None = None,
) -> ImportReport:
    stream = csv_file(text) if isinstance(text, str) else text
    with database.reading() as session:
        plan = plan_import(session, actor, stream=stream, file_name=name, options=chosen)
    return run_import(
        database,
        actor,
        plan,
        encoder=HashingEncoder(dim=64),
        ledger=None,
        clock=clock or FixedClock(NOW),
    )


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.run.created, report.run.updated, report.run.unchanged, report.run.failed


def written(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in WRITTEN
        }


def all_listings(session: Session) -> list[Any]:
    return list(session.scalars(select(Listing).order_by(Listing.external_id)))


def events(session: Session, listing: Listing) -> list[Action]:
    return list(
        session.scalars(
            select(ListingEvent.action).where(ListingEvent.listing_id == listing.id).order_by(ListingEvent.id)
        )
    )


def test_drafts_are_created_with_all_their_fields(database: Database, university: Organisation) -> None:
    report = run(database, HEADER + GOOD + OTHER, options())
    assert counts(report) == (2, 0, 0, 0)
    assert report.run.result is Result.DONE
    with database.reading() as session:
        first, second = all_listings(session)
        assert isinstance(first, Achievement)
        assert (first.title, first.tech_field, first.price_fen) == ("电渗析脱盐中试装置", "07", 30_000_000)
        assert (second.keywords, second.tech_field, second.price_fen) == (["增材", "激光"], "03", None)
        assert {first.status, second.status} == {Status.DRAFT}
        assert first.organisation_id == university.id
    assert written(database)["search_documents"] == 0


def test_publishing_goes_through_every_step(database: Database, university: Organisation) -> None:
    run(database, HEADER + GOOD + OTHER, options(publish=True))
    with database.reading() as session:
        for listing in all_listings(session):
            assert listing.status is Status.PUBLISHED
            assert listing.published_at == NOW
            assert events(session, listing) == [Action.CREATE, Action.SUBMIT, Action.PUBLISH]
        first = all_listings(session)[0]
        stored = session.scalars(select(ListingVector).where(ListingVector.record_id == first.id)).one()
        document = session.scalars(select(SearchDocument).where(SearchDocument.record_id == first.id)).one()
        alone = HashingEncoder(dim=64).encode([f"{document.title}\n{document.body}"])[0]
        assert stored.vector == alone.astype("<f4").tobytes()
    assert written(database)["listing_changes"] == 2


@pytest.mark.parametrize("publish", [False, True])
def test_running_twice_changes_nothing(database: Database, university: Organisation, publish: bool) -> None:
    chosen = options(publish=publish)
    run(database, HEADER + GOOD + OTHER, chosen)
    before = written(database)
    assert counts(run(database, HEADER + GOOD + OTHER, chosen)) == (0, 0, 2, 0)
    assert written(database) == before


def test_rows_without_numbers_are_safe_to_run_twice_too(database: Database, university: Organisation) -> None:
    text = "成果名称,简介\n电渗析脱盐中试装置,处理量每天二十吨，能耗低。\n"
    assert counts(run(database, text, options())) == (1, 0, 0, 0)
    assert counts(run(database, text, options())) == (0, 0, 1, 0)


def test_a_changed_row_changes_the_draft(database: Database, university: Organisation) -> None:
    run(database, HEADER + GOOD + OTHER, options())
    report = run(database, HEADER + GOOD.replace("二十吨", "三十吨") + OTHER, options())
    assert counts(report) == (0, 1, 1, 0)
    with database.reading() as session:
        first = all_listings(session)[0]
        assert "三十吨" in first.body
        assert events(session, first) == [Action.CREATE, Action.EDIT]


def test_a_changed_row_republishes_a_published_listing(database: Database, university: Organisation) -> None:
    run(database, HEADER + GOOD, options(publish=True))
    report = run(database, HEADER + GOOD.replace("二十吨", "三十吨"), options(publish=True))
    assert counts(report) == (0, 1, 0, 0)
    with database.reading() as session:
        [listing] = all_listings(session)
        assert listing.status is Status.PUBLISHED
        assert events(session, listing)[3:] == [Action.REVISE, Action.EDIT, Action.SUBMIT, Action.PUBLISH]
        assert "三十吨" in session.scalars(select(SearchDocument.body)).one()


def test_a_draft_import_leaves_a_published_listing_alone(
    database: Database, university: Organisation
) -> None:
    run(database, HEADER + GOOD, options(publish=True))
    report = run(database, HEADER + GOOD.replace("二十吨", "三十吨"), options())
    [error] = report.errors
    assert (error.row, error.code) == (2, "not-editable")
    with database.reading() as session:
        [listing] = all_listings(session)
        assert listing.status is Status.PUBLISHED
        assert "二十吨" in listing.body


def test_drafts_can_be_published_by_a_second_run(database: Database, university: Organisation) -> None:
    run(database, HEADER + GOOD, options())
    assert counts(run(database, HEADER + GOOD, options(publish=True))) == (0, 1, 0, 0)
    with database.reading() as session:
        assert all_listings(session)[0].status is Status.PUBLISHED


def test_a_withdrawn_listing_is_not_brought_back(database: Database, university: Organisation) -> None:
    run(database, HEADER + GOOD, options(publish=True))
    with database.transaction() as session:
        [listing] = all_listings(session)
        listings.withdraw_listing(session, OPERATOR, ListingKind.ACHIEVEMENT, listing.id, note=None, now=NOW)
    assert counts(run(database, HEADER + GOOD, options(publish=True))) == (0, 0, 1, 0)
    changed = run(database, HEADER + GOOD.replace("二十吨", "三十吨"), options(publish=True))
    assert [error.code for error in changed.errors] == ["not-editable"]


def test_one_bad_row_keeps_the_whole_file_out(database: Database, university: Organisation) -> None:
    before = written(database)
    report = run(database, HEADER + GOOD + BAD + OTHER, options(publish=True))
    assert report.run.result is Result.REJECTED
    assert counts(report) == (0, 0, 0, 1)
    assert written(database) == before
    with database.reading() as session:
        stored = session.scalars(select(ImportRun)).one()
        assert (stored.rows, stored.failed, stored.finished_at) == (3, 1, NOW)


def test_a_bad_row_that_only_the_service_finds_keeps_the_file_out_too(
    database: Database, university: Organisation
) -> None:
    text = (
        "成果名称,简介,专利号\n电渗析脱盐中试装置,处理量每天二十吨以上。,\n"
        "钛合金激光增材修复,修复后寿命不低于新品。,201710601862.4\n"
    )
    before = written(database)
    report = run(database, text, options())
    [error] = report.errors
    assert (error.row, error.column, error.position, error.value, error.code) == (
        3, "专利号", "C3", "201710601862.4", "bad-patent-number",
    )  # fmt: skip
    assert written(database) == before


def test_good_rows_go_in_and_bad_ones_are_reported_by_row_and_column(
    database: Database, university: Organisation
) -> None:
    unknown = "R-4,光纤传感桥梁监测,长期稳定，抗电磁干扰能力强。,,07,三十\n"
    report = run(database, HEADER + GOOD + BAD + unknown + OTHER, options(mode=Mode.SKIP_BAD_ROWS))
    assert counts(report) == (2, 0, 0, 2)
    assert report.run.result is Result.DONE
    assert [(e.row, e.position, e.column, e.value, e.code) for e in report.errors] == [
        (3, "B3", "成果名称", "短", "text-too-short"),
        (3, "C3", "简介", "说明文字也太短", "text-too-short"),
        (4, "F4", "价格（万元）", "三十", "bad-money"),
    ]
    assert all("value" not in error for error in report.run.errors)
    with database.reading() as session:
        assert [listing.external_id for listing in all_listings(session)] == ["R-1", "R-2"]
    assert counts(run(database, HEADER + GOOD + BAD + OTHER, options(mode=Mode.SKIP_BAD_ROWS))) == (
        0,
        0,
        2,
        1,
    )


@pytest.mark.parametrize("mode", list(Mode))
def test_a_dry_run_writes_nothing_and_says_what_would_happen(
    database: Database, university: Organisation, mode: Mode
) -> None:
    run(database, HEADER + GOOD, options())
    before = written(database)
    text = HEADER + GOOD.replace("二十吨", "三十吨") + OTHER + BAD
    report = run(database, text, options(mode=mode, dry_run=True, publish=True))
    assert counts(report) == (1, 1, 0, 1)
    assert report.run.dry_run
    assert written(database) == before
    with database.reading() as session:
        actions = session.scalars(select(AuditEvent.action).where(AuditEvent.entity != "import")).all()
        assert actions == ["achievement.create"]


def test_one_record_twice_in_a_file_is_an_error(database: Database, university: Organisation) -> None:
    report = run(database, HEADER + GOOD + OTHER + GOOD, options(mode=Mode.SKIP_BAD_ROWS))
    [error] = report.errors
    assert (error.row, error.column, error.code) == (4, "编号", "duplicate-in-file")
    assert "第2行" in error.detail


def test_rows_may_name_their_organisation(
    database: Database, university: Organisation, company: Organisation
) -> None:
    text = (
        "成果名称,简介,完成单位,统一社会信用代码\n"
        f"电渗析脱盐中试装置,处理量每天二十吨，能耗低。,,{university.uscc}\n"
        "钛合金激光增材修复,修复后寿命不低于新品。,澄江理工学院,\n"
        "光纤传感桥梁监测,长期稳定，抗电磁干扰强。,不存在的大学,\n"
        "微弧氧化陶瓷膜层,中性盐雾五百小时无点蚀。,,\n"
        "余热回收热泵机组,进水六十度，出水八十五度。,澄江轧钢有限公司,\n"
    )
    report = run(database, text, options(organisation=None, mode=Mode.SKIP_BAD_ROWS))
    assert counts(report) == (2, 0, 0, 3)
    assert [(e.row, e.column, e.code) for e in report.errors] == [
        (4, "完成单位", "organisation-unknown"),
        (5, "完成单位", "organisation-missing"),
        (6, None, "organisation-kind"),
    ]
    with database.reading() as session:
        assert {listing.organisation_id for listing in all_listings(session)} == {university.id}


def test_two_organisations_of_one_name_are_nobody(database: Database, university: Organisation) -> None:
    with database.transaction() as session:
        make_organisation(session, OrganisationKind.UNIVERSITY, name="澄江理工学院")
    with pytest.raises(RuleViolation) as refusal:
        run(database, HEADER + GOOD, options())
    assert refusal.value.code == "organisation-unknown"
    assert counts(run(database, HEADER + GOOD, options(organisation=str(university.id)))) == (1, 0, 0, 0)


def test_needs_from_a_form_with_a_title_row(database: Database, company: Organisation) -> None:
    stream = io.BytesIO((DATA / "needs.csv").read_bytes())
    chosen = options(kind=ImportKind.NEEDS, organisation=company.uscc)
    assert counts(run(database, stream, chosen, name="needs.csv")) == (3, 0, 0, 0)
    with database.reading() as session:
        needs = {need.title: need for need in session.scalars(select(Need))}
        first = needs["冷轧乳化液在线监测与补加"]
        assert (first.budget_fen, first.deadline, first.tech_field) == (80_000_000, date(2025, 12, 31), "03")
        assert first.keywords == ["乳化液", "在线监测", "1,2-丙二醇"]
        assert first.cooperation_modes == ["commission", "joint"]
        assert needs["港口散货堆场抑尘"].budget_fen == 120_550_000
        assert needs["毛纺染色废水脱色与余热回收"].budget_fen is None


def test_achievements_from_jsonl(database: Database, university: Organisation) -> None:
    stream = io.BytesIO((DATA / "achievements.jsonl").read_bytes())
    assert counts(run(database, stream, options(), name="achievements.jsonl")) == (2, 0, 0, 0)
    with database.reading() as session:
        first, second = all_listings(session)
        assert (first.trl, first.price_fen, first.keywords) == (7, 60_000_000, ["等离子体", "VOCs"])
        assert (second.trl, second.tech_field, second.keywords) == (6, None, ["轻合金"])
        assert second.ip == [{"kind": "发明专利", "number": "201710601862.3"}]


def test_a_workbook(database: Database, university: Organisation) -> None:
    rows = [
        ["成果名称", "成果简介", "有效期至", "合作价格(万元)"],
        ["电渗析脱盐中试装置", "处理量每天二十吨，能耗低。", date(2026, 5, 1), 12.34],
    ]
    assert counts(run(database, workbook(rows), options(), name="成果.xlsx")) == (1, 0, 0, 0)
    with database.reading() as session:
        [listing] = all_listings(session)
        assert (listing.expires_on, listing.price_fen) == (date(2026, 5, 1), 12_340_000)


def test_more_rows_than_a_batch(database: Database, university: Organisation) -> None:
    lines = "".join(f"X-{i},批量成果第{i}号装置,说明文字足够长，第{i}号。,,07,\n" for i in range(450))
    done: list[int] = []
    with database.reading() as session:
        plan = plan_import(
            session, OPERATOR, stream=csv_file(HEADER + lines), file_name="a.csv",
            options=options(mode=Mode.SKIP_BAD_ROWS),
        )  # fmt: skip
    report = run_import(
        database, OPERATOR, plan, encoder=None, ledger=None, clock=FixedClock(NOW), progress=done.append
    )
    assert done == [200, 200, 50]
    assert counts(report) == (450, 0, 0, 0)


def test_members_import_drafts_for_their_own_organisation_only(
    database: Database, university: Organisation
) -> None:
    with database.transaction() as session:
        member = actor_of(make_user(session, university))
        other = make_organisation(session, OrganisationKind.UNIVERSITY, name="暨阳工程大学")
        outsider = make_actor(session)
    assert counts(run(database, HEADER + GOOD, options(organisation=None), actor=member)) == (1, 0, 0, 0)
    text = "成果名称,简介,单位\n余热回收热泵机组,进水六十度，出水八十五度。,暨阳工程大学\n"
    report = run(database, text, options(organisation=None), actor=member)
    assert [(e.column, e.code) for e in report.errors] == [("单位", "not-own-organisation")]
    refused = {
        "publish-not-open": (member, options(publish=True)),
        "not-own-organisation": (member, options(organisation=other.uscc)),
        "role-not-allowed": (outsider, options()),
    }
    for code, (actor, chosen) in refused.items():
        with pytest.raises(PermissionDenied) as refusal:
            run(database, HEADER + GOOD, chosen, actor=actor)
        assert refusal.value.code == code


def test_an_unverified_organisation_publishes_nothing(database: Database) -> None:
    with database.transaction() as session:
        make_organisation(
            session, OrganisationKind.UNIVERSITY, name="新设学院", status=OrganisationStatus.PENDING
        )
    with pytest.raises(PermissionDenied) as refusal:
        run(database, HEADER + GOOD, options(organisation="新设学院", publish=True))
    assert refusal.value.code == "organisation-not-verified"
    text = "成果名称,简介,单位,领域\n余热回收热泵机组,进水六十度，出水八十五度。,新设学院,06\n"
    report = run(database, text, options(organisation=None, publish=True))
    assert [error.code for error in report.errors] == ["organisation-not-verified"]
    assert written(database)["listings"] == 0


def test_within_a_transaction_a_bad_row_raises_with_pointers(
    database: Database, university: Organisation
) -> None:
    stream = csv_file(HEADER + GOOD + BAD)
    with database.reading() as session:
        plan = plan_import(session, OPERATOR, stream=stream, file_name="a.csv", options=options())
    with pytest.raises(RuleViolation) as refusal, database.transaction() as session:
        import_within(session, OPERATOR, plan, encoder=None, ledger=None, now=NOW)
    assert refusal.value.code == "import-rejected"
    assert [fault.pointer for fault in refusal.value.fields] == ["/rows/3/成果名称", "/rows/3/简介"]
    with database.reading() as session:
        assert session.scalars(select(ImportRun)).all() == []
    assert written(database)["listings"] == 0


def test_publishing_without_an_encoder_is_a_programming_error(
    session: Session, university: Organisation
) -> None:
    plan = plan_import(
        session, OPERATOR, stream=csv_file(HEADER + GOOD), file_name="a.csv", options=options(publish=True)
    )
    with pytest.raises(ValueError, match="encoder"):
        import_within(session, OPERATOR, plan, encoder=None, ledger=None, now=NOW)
