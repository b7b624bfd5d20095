"""Loading the registers of the sample market: three lists, two pools, agencies and consortia, editions.

Like everything of the sample they are invented and go through the market's own services, as one of the
bureau proposes and another checks. A register is loaded whole, in one transaction, or left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from rich.progress import Progress
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.accounts.models import Organisation
from market.db import Database
from market.libraries.models import RegisterEntry
from market.libraries.queries.kinds import kinds_of
from market.libraries.rules import Register
from market.libraries.service.editions import publish_edition
from matching.encoder import Encoder
from seed import chains, lists, pools
from seed.deeds import REGION, Deed, Desk, do_all
from seed.records import read


@dataclass(frozen=True, slots=True)
class Part:
    """One register.

    Attributes:
        register: which.
        files: of the sample, by the beginnings of their names.
        deeds: what is done with its entries.
        editions: days as of which it was published.
    """

    register: Register
    files: tuple[str, ...]
    deeds: Callable[[Desk], Iterator[Deed]]
    editions: tuple[date, ...] = ()


SPRING, SUMMER, AUTUMN = date(2025, 4, 30), date(2025, 6, 30), date(2025, 9, 30)

PARTS = (
    Part(Register.AGENCIES, ("agencies",), lists.agency_deeds, (SUMMER,)),
    Part(Register.CHAINS, ("chain_nodes", "chain_enterprises"), chains.chain_deeds, (SPRING, AUTUMN)),
    Part(Register.RESOURCES, ("resources",), lists.resource_deeds, (SPRING, AUTUMN)),
    Part(Register.TECHNOLOGIES, ("technologies",), lists.technology_deeds, (SUMMER,)),
    Part(Register.CONSORTIA, ("consortia",), lists.consortium_deeds, (SUMMER,)),
    Part(Register.TALENTS, ("talents",), pools.talent_deeds),
    Part(Register.PROJECTS, ("projects",), pools.project_deeds),
)
"""In an order in which what a later one refers to is there."""


def load(
    database: Database,
    organisations: Mapping[str, Organisation],
    encoder: Encoder,
    *,
    day: date,
    progress: Progress,
) -> None:
    """Load the registers as they stand on a day.

    Args:
        database: with organisations, listings and contracts of the sample.
        organisations: by slug.
        encoder: makes the vectors of entries.
        day: the sample day.
        progress: shows how far it is.
    """
    for part in progress.track(PARTS, description="清单与项目、人才库"):
        with database.transaction() as session:
            if not _is_loaded(session, part):
                desk = Desk(session, encoder, organisations)
                do_all([*part.deeds(desk), *_editions(desk, part)], day=day)


def _is_loaded(session: Session, part: Part) -> bool:
    numbers = [row["external_id"] for name in part.files for row in read(name)]
    known = select(RegisterEntry.id).where(
        RegisterEntry.kind.in_(kinds_of(part.register)),
        RegisterEntry.region_code == REGION,
        RegisterEntry.external_id.in_(numbers),
    )
    return session.scalar(known.limit(1)) is not None


def _editions(desk: Desk, part: Part) -> Iterator[Deed]:
    for as_of in part.editions:
        yield Deed(as_of, partial(_publish, desk, part.register, as_of))


def _publish(desk: Desk, register: Register, as_of: date, now: datetime) -> None:
    publish_edition(
        desk.session,
        desk.proposer,
        register,
        region_code=REGION,
        title=None,
        as_of=as_of,
        note="样例",
        encoder=desk.encoder,
        now=now,
    )
