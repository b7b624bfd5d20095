"""The real code tables, owners and imports, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from market.accounts.queries import actor_of
from market.accounts.rules import OPERATOR, OrganisationKind
from market.errors import NotFound
from market.exchange import queries
from market.exchange.models import ImportRun
from market.exchange.rules.codes import SYNONYMS
from market.exchange.rules.runs import ImportKind, Mode
from market.reference.queries import code_names
from market.reference.rules import Scheme
from tests.factories import NOW, make_actor, make_organisation, make_user


def test_codes_of_the_reference_data(session: Session) -> None:
    tables = queries.load_tables(session, ImportKind.CONTRACTS)
    wanted = {
        (Scheme.TECH_FIELD, "环境保护与资源综合利用技术"): "07",
        (Scheme.CONTRACT_TYPE, "技术开发合同"): "KF",
        (Scheme.CONTRACT_TYPE, "kf"): None,
        (Scheme.CONTRACT_SUBTYPE, "合作开发"): "KF2",
        (Scheme.PARTY_NATURE, "事业法人"): "020",
        (Scheme.PARTY_NATURE, "高等院校"): "022",
        (Scheme.PARTY_NATURE, "事业分支机构"): None,
        (Scheme.IP_KIND, "发明"): "21",
        (Scheme.IP_KIND, "未涉及"): "90",
        (Scheme.PAYMENT_MODE, "一次总算、分期支付"): "instalments",
        (Scheme.PAYMENT_MODE, "LUMP_SUM"): "lump_sum",
        (Scheme.SEO, "1"): "01",
        (Scheme.INDUSTRY, "汽车制造"): "36",
        (Scheme.PARTY_COUNTRY, "香港"): "344",
    }
    found = {(scheme, text): tables.codes[scheme].find(text) for scheme, text in wanted}
    assert found == wanted


def test_every_name_of_the_reference_data_finds_its_code_or_a_general_one(session: Session) -> None:
    tables = queries.load_tables(session, ImportKind.CONTRACTS)
    for scheme, table in tables.codes.items():
        names = code_names(session, scheme)
        for code, name in names.items():
            assert table.find(code) == code
            found = table.find(name)
            assert found is None or names[found] == name


def test_synonyms_name_codes_that_exist(session: Session) -> None:
    for scheme, names in SYNONYMS.items():
        assert set(names.values()) <= code_names(session, scheme).keys()


def test_regions_of_the_reference_data(session: Session) -> None:
    regions = queries.load_tables(session, ImportKind.CONTRACTS).regions
    wanted = {
        "江苏省无锡市江阴市": "320281",
        "江阴": "320281",
        "无锡市": "320200",
        "北京市海淀区": "110108",
        "安徽省安庆市潜山市": "340882",
        "鼓楼区": None,
        "南京市鼓楼区": "320106",
        "市辖区": None,
    }
    assert {text: regions.find(text) for text in wanted} == wanted


def test_organisations_by_id_code_and_name(session: Session) -> None:
    one = make_organisation(session, name="同名公司")
    other = make_organisation(session, name="独名公司")
    assert other.uscc is not None
    for text in (str(other.id), other.uscc, other.uscc.lower(), " 独名公司 "):
        assert queries.find_organisations(session, text) == [other]
    twin = make_organisation(session, name="同名公司")
    assert queries.find_organisations(session, "同名公司") == [one, twin]
    assert queries.find_organisations(session, "没有") == []


def test_an_import_is_seen_by_those_it_belongs_to(session: Session) -> None:
    university = make_organisation(session, OrganisationKind.UNIVERSITY)
    member, colleague = (actor_of(make_user(session, university)) for _ in range(2))
    run = ImportRun(
        kind=ImportKind.NEEDS,
        file_name="a.csv",
        sha256="0" * 64,
        mode=Mode.ALL_OR_NOTHING,
        dry_run=False,
        publish=False,
        actor_id=member.user_id,
        organisation_id=university.id,
        started_at=NOW,
    )
    session.add(run)
    session.flush()
    for actor in (member, colleague, OPERATOR):
        assert queries.get_import(session, actor, run.id) is run
    with pytest.raises(NotFound):
        queries.get_import(session, make_actor(session), run.id)
