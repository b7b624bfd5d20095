"""A ranking as a workbook, as CSV and as a document to print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from market.clock import china_day
from market.rankings.models import Ranking
from market.rankings.rules import OBJECTION_DAYS, RANKING_STATUS_NAMES, RankingStatus, share_text
from market.typesetting.amounts import wan_text
from market.typesetting.pdf import typeset
from market.typesetting.sheets import Column, Sheet, to_csv, to_xlsx

TEMPLATE = "market.rankings:ranking.typ"

NOTES = (
    "统计范围：当年登记、统计时有效，且吸纳方（买方）在本地区的技术合同；注明所中介合同的技术中介合同不另计。",
    "一项合同由几家机构共同促成的，项数和金额按各机构份额分计，各份之和等于该合同；未记入任何机构的部分不计。",
    "数字相同的名次并列，其后的名次相应空出；按项数和按成交额分别排名，先后不表示优先。",
)


class FileKind(StrEnum):
    """What a ranking can be had as."""

    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"


MEDIA_TYPES = {
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.CSV: "text/csv",
    FileKind.PDF: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class RankingFile:
    """A file to hand out."""

    name: str
    media_type: str
    content: bytes


def ranking_file(ranking: Ranking, kind: FileKind) -> RankingFile:
    """Return a ranking as a file; the same ranking gives the same bytes."""
    match kind:
        case FileKind.XLSX:
            content = to_xlsx([ranking_sheet(ranking)], created_at=ranking.known_at)
        case FileKind.CSV:
            content = to_csv(ranking_sheet(ranking))
        case FileKind.PDF:
            content = ranking_pdf(ranking)
    mark = "" if ranking.status is RankingStatus.FINAL else f"（{RANKING_STATUS_NAMES[ranking.status]}）"
    return RankingFile(f"{title_of(ranking)}{mark}.{kind.value}", MEDIA_TYPES[kind], content)


def title_of(ranking: Ranking) -> str:
    """Return what stands at the head of a ranking."""
    return f"{ranking.region.name}{ranking.year}年技术转移机构排名"


def state_of(ranking: Ranking) -> str:
    """Return in one line how far a ranking has come, and as of when it was counted."""
    counted = f"统计截至{china_day(ranking.known_at).isoformat()}"
    match ranking.status:
        case RankingStatus.DRAFT:
            return f"草稿，未公示；{counted}"
        case RankingStatus.PUBLISHED:
            return (
                f"{ranking.published_on}公示，异议期{OBJECTION_DAYS}个工作日，"
                f"至{ranking.objections_until}；{counted}"
            )
        case RankingStatus.FINAL:
            return f"{ranking.published_on}公示，{ranking.final_on}定稿；{counted}"
        case RankingStatus.WITHDRAWN:
            return f"已撤回：{ranking.note}"


def ranking_sheet(ranking: Ranking) -> Sheet:
    """Return a ranking as a table."""
    return Sheet(
        title=title_of(ranking),
        subtitle=state_of(ranking),
        columns=[
            Column("项数名次", "integer"),
            Column("成交额名次", "integer"),
            Column("机构", "text"),
            Column("促成合同（项）", "integer"),
            Column("按份额计（项）", "text"),
            Column("合同成交额", "amount_wan"),
            Column("技术交易额", "amount_wan"),
        ],
        rows=[
            [
                row.rank_by_deals,
                row.rank_by_amount,
                row.agency.name,
                row.deals,
                share_text(row.deals_share_bp),
                row.total_fen,
                row.tech_fen,
            ]
            for row in ranking.rows
        ],
        notes=NOTES,
    )


def ranking_pdf(ranking: Ranking) -> bytes:
    """Return a ranking as a document."""
    rows = [
        [
            str(row.rank_by_deals),
            str(row.rank_by_amount),
            row.agency.name,
            str(row.deals),
            share_text(row.deals_share_bp),
            wan_text(row.total_fen),
            wan_text(row.tech_fen),
        ]
        for row in ranking.rows
    ]
    return typeset(
        TEMPLATE,
        {
            "document_date": ranking.published_on or china_day(ranking.known_at),
            "title": title_of(ranking),
            "state": state_of(ranking),
            "withdrawn": ranking.status is RankingStatus.WITHDRAWN,
            "draft": ranking.status is RankingStatus.DRAFT,
            "rows": rows,
            "notes": NOTES,
        },
    )
