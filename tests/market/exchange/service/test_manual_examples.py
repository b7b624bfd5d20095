"""The examples in the manual's page can be imported as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy.orm import Session

from market.exchange.queries.registers import ENTRY_KINDS
from market.exchange.rules.runs import REGISTERS, ImportKind
from market.libraries.rules import REGISTER_OF
from tests.factories import JIANGYIN
from tests.market.exchange.registers import bring, check_all, counts

PAGE = Path(__file__).parents[4] / "docs" / "手册" / "导入清单与库.md"
EXAMPLE = re.compile(r"^```csv (\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_example_is_imported_whole(session: Session) -> None:
    examples = {ImportKind(kind): text for kind, text in EXAMPLE.findall(PAGE.read_text("utf-8"))}
    assert examples.keys() == REGISTERS
    for kind, text in examples.items():
        report = bring(session, kind, text, defaults={"region_code": JIANGYIN})
        assert (report.errors, report.run.unmapped) == ([], []), kind
        assert counts(report) == (text.count("\n") - 1, 0, 0, 0)
        check_all(session, REGISTER_OF[ENTRY_KINDS[kind]])
        assert counts(bring(session, kind, text, defaults={"region_code": JIANGYIN}))[2] == report.run.created
