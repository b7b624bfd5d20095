"""The fields of imports agree with the forms of the features they feed."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, validate

from market.accounts.schemas import PHONE
from market.contracts.service.form import FIELDS as CONTRACT_FORM
from market.contracts.service.form import PARTY_FIELDS, PARTY_REQUIRED, REQUIRED, SIDES
from market.exchange.queries.registers import ENTRY_KINDS
from market.exchange.rules.field import BROKERED, ORGANISATION, ORGANISATION_USCC, TOPIC, VALIDITY, How
from market.exchange.rules.fields import CONTRACT_FIELDS, FIELDS, fields_by_name
from market.exchange.rules.mapping import guess_mapping
from market.exchange.rules.runs import PERSONAL, REGISTERS, ImportKind
from market.libraries.queries.kinds import SPECS, columns_of
from market.libraries.schemas.agencies import AgencyInput, ConsortiumInput
from market.libraries.schemas.chains import ChainEnterpriseInput, ChainNodeInput
from market.libraries.schemas.entries import EntryInput
from market.libraries.schemas.projects import ProjectInput
from market.libraries.schemas.resources import ResourceInput
from market.libraries.schemas.talents import TalentInput
from market.libraries.schemas.technologies import TechnologyInput
from market.libraries.service.entries import COMMON_CODES
from market.listings.schemas import AchievementInput, NeedInput
from market.listings.service import CODED_FIELDS, CODED_LISTS
from market.typesetting.sheets import Column as SheetColumn

PSEUDO = {ORGANISATION, ORGANISATION_USCC, TOPIC, VALIDITY, BROKERED}
LISTINGS = [(ImportKind.NEEDS, NeedInput), (ImportKind.ACHIEVEMENTS, AchievementInput)]


@pytest.mark.parametrize(("kind", "schema"), LISTINGS)
def test_every_field_of_a_listing_can_be_imported(kind: ImportKind, schema: type[Schema]) -> None:
    wanted = set(schema().fields) - {"organisation_id"}
    assert set(fields_by_name(kind)) - PSEUDO == wanted


@pytest.mark.parametrize(("kind", "schema"), LISTINGS)
def test_lengths_and_lists_of_codes_are_those_of_the_form(kind: ImportKind, schema: type[Schema]) -> None:
    form = schema().fields
    for name, field in fields_by_name(kind).items():
        if name in PSEUDO:
            continue
        target: Any = form[name]
        assert field.required is target.required, name
        if field.how in {How.TEXT, How.IDENTIFIER} and not field.pattern:
            length = _length(target)
            assert field.high == length.max, name
            assert field.low == (length.min or 0), name
        if field.how in {How.WORDS, How.CODES}:
            assert field.most == _length(target).max, name
        if field.how is How.WORDS:
            assert field.high == _length(target.inner).max, name
        assert field.scheme is {**CODED_FIELDS, **CODED_LISTS}.get(name), name


REGISTER_FORMS: list[tuple[ImportKind, type[Schema]]] = [
    (ImportKind.NODES, ChainNodeInput),
    (ImportKind.ENTERPRISES, ChainEnterpriseInput),
    (ImportKind.RESOURCES, ResourceInput),
    (ImportKind.TECHNOLOGIES, TechnologyInput),
    (ImportKind.PROJECTS, ProjectInput),
    (ImportKind.TALENTS, TalentInput),
    (ImportKind.AGENCIES, AgencyInput),
    (ImportKind.CONSORTIA, ConsortiumInput),
]
SAID_OTHERWISE = {"opens_at": "hours", "closes_at": "hours", "node_id": "node"}
NEEDED_BY_ALL = {name for name, field in EntryInput().fields.items() if field.required}
BY_LINK = {"organisation_id", "leader_talent_id"}


@pytest.mark.parametrize(("kind", "schema"), REGISTER_FORMS)
def test_every_field_of_an_entry_can_be_imported(kind: ImportKind, schema: type[Schema]) -> None:
    form = {field.data_key or name: field for name, field in schema().fields.items()}
    fields = fields_by_name(kind)
    assert {SAID_OTHERWISE.get(name, name) for name in form.keys() - BY_LINK} <= fields.keys()
    spec = SPECS[ENTRY_KINDS[kind]]
    for name in fields.keys() & form.keys():
        field, target = fields[name], form[name]
        assert field.required is (target.required or name in NEEDED_BY_ALL), name
        if field.how in {How.TEXT, How.IDENTIFIER}:
            length = _length(target)
            assert (field.low, field.high) == (length.min or 0, length.max), name
        if field.how in {How.WORDS, How.CODES}:
            assert field.most == _length(target).max, name
        if field.how in {How.CODE, How.CODES} and name != "progress":
            assert field.scheme is {**COMMON_CODES, **spec.codes, **spec.code_lists}[name], name


@pytest.mark.parametrize("kind", sorted(REGISTERS))
def test_what_an_export_tells_has_a_field_or_follows_from_other_records(kind: ImportKind) -> None:
    told = columns_of(ENTRY_KINDS[kind], office=True)
    columns = [SheetColumn(column.title, column.kind).heading for column in told]
    mapping = guess_mapping(kind, columns, chosen={}, one_organisation=False)
    left_out = {
        ImportKind.PROJECTS: ("已拨付（万元）", "已通过节点", "来源方式"),
        ImportKind.TALENTS: ("名称",),
        ImportKind.AGENCIES: ("认定", "最近一次评价"),
        ImportKind.RESOURCES: ("认定", "最近一次评价"),
        ImportKind.CONSORTIA: ("认定",),
    }
    assert mapping.unmapped == left_out.get(kind, ())


@pytest.mark.parametrize("kind", sorted(REGISTERS))
def test_english_names_are_read_as_well_as_chinese_ones(kind: ImportKind) -> None:
    for headings in ([field.name for field in FIELDS[kind]], [field.label for field in FIELDS[kind]]):
        mapping = guess_mapping(kind, headings, chosen={}, one_organisation=False)
        assert [column.field for column in mapping.columns] == list(FIELDS[kind])
        assert mapping.unmapped == ()


def test_all_of_a_person_is_personal() -> None:
    assert all(field.personal for kind in PERSONAL for field in FIELDS[kind])


def test_patterns_are_those_of_the_form() -> None:
    fields = fields_by_name(ImportKind.ACHIEVEMENTS)
    assert _inner(PHONE) == fields["contact_phone"].pattern
    number: Any = AchievementInput().fields["registration_no"]
    [pattern] = number.validators
    assert _inner(pattern) == fields["registration_no"].pattern


def test_every_field_of_the_registration_form_can_be_imported() -> None:
    names = {field.name for field in CONTRACT_FIELDS}
    parties = {f"{side}.{name}" for side in SIDES for name in PARTY_FIELDS}
    assert BROKERED in names  # says `brokered_id` by the number people know
    form = {*CONTRACT_FORM, *parties} - {"brokered_id"}
    assert names - PSEUDO == {*form, "reg_no", "registered_on", "external_id"}
    needed_of_parties = {f"{side}.{name}" for side in SIDES for name in PARTY_REQUIRED}
    required = {field.name for field in CONTRACT_FIELDS if field.required}
    assert required == {*REQUIRED, *needed_of_parties, "reg_no", "registered_on"}


def test_contact_data_is_marked_as_personal() -> None:
    for kind in (ImportKind.NEEDS, ImportKind.ACHIEVEMENTS):
        fields = fields_by_name(kind)
        assert all(fields[name].personal for name in ("contact_name", "contact_phone", "confidential"))
    assert all(field.headers for fields in FIELDS.values() for field in fields)


def _inner(rule: validate.Regexp) -> str:
    """Return the expression without its anchors; imports match the whole text anyway."""
    return rule.regex.pattern.removeprefix("^").removesuffix("$").removesuffix(r"\Z")


def _length(field: Any) -> validate.Length:
    [length] = [rule for rule in field.validators if isinstance(rule, validate.Length)]
    return length
