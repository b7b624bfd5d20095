"""The fields of imports agree with the forms of the features they feed."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, validate

from market.accounts.schemas import PHONE
from market.contracts.service.form import FIELDS as CONTRACT_FORM
from market.contracts.service.form import PARTY_FIELDS, PARTY_REQUIRED, REQUIRED, SIDES
from market.exchange.rules.fields import (
    BROKERED,
    CONTRACT_FIELDS,
    FIELDS,
    ORGANISATION,
    ORGANISATION_USCC,
    TOPIC,
    VALIDITY,
    How,
    fields_by_name,
)
from market.exchange.rules.runs import ImportKind
from market.listings.schemas import AchievementInput, NeedInput
from market.listings.service import CODED_FIELDS, CODED_LISTS

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
