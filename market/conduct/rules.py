"""Red and black lists (红黑榜): their terms, and the life of a record as one table of steps.

Nobody is praised or warned in public without evidence, notice, a hearing and an end date.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from market.libraries.rules.recognitions import RD_INSTITUTION


class Board(StrEnum):
    """Which of the two lists."""

    RED = "red"
    BLACK = "black"


BOARD_NAMES: Mapping[Board, str] = {Board.RED: "红榜", Board.BLACK: "黑榜"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a list asks for.

    Attributes:
        notice_days: working days in which the subject may object.
        longest_days: a record is in force for at most so many days after it was proposed.
        public_notice: whether anyone reads the record while the notice runs, or only its subject.
        source: where this is from, and how well it is known.
        verified: whether somebody has compared it with an official text.
    """

    notice_days: int
    longest_days: int
    public_notice: bool
    source: str
    verified: bool


TERMS: Mapping[Board, Terms] = {
    Board.RED: Terms(
        notice_days=5,
        longest_days=731,
        public_notice=True,
        source="表彰、认定类公示的通行做法（5个工作日）；期限为本系统自拟，未经核对",
        verified=False,
    ),
    Board.BLACK: Terms(
        notice_days=5,
        longest_days=1096,
        public_notice=False,
        source="行政处罚告知后提出听证、失信信息公示期限的通行做法（5个工作日、最长三年），未经核对",
        verified=False,
    ),
}

NO_BIDS = "黑榜在列期间不得揭榜"
NO_PANELS = "黑榜在列期间不得担任评审专家"
"""What a place on the black list entails here. Contracts are not touched: that is for the law to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationBan:
    """Who takes part in no yearly evaluation after a serious breach, and for how long.

    Attributes:
        categories: codes of `resource_category`.
        years: from the day on which the unit came on the black list, also where its place there ends before.
        source: where this is from.
        verified: whether somebody has compared it with the official text.
    """

    categories: frozenset[str]
    years: int
    source: str
    verified: bool


EVALUATION_BAN = EvaluationBan(
    categories=frozenset({RD_INSTITUTION}),
    years=3,
    source="江阴市加快建设新型研发机构行动计划（2023—2025年）（澄政办发〔2023〕27号）四、（四）：严重违背科研诚信、"
    "科技伦理要求的记入科研诚信档案，3年内不得参与绩效评价；以黑榜记录为准系本系统自定",
    verified=True,
)


def ban_ends(listed_on: date) -> date:
    """Return the first day on which a unit that came on the black list may be evaluated again."""
    year = listed_on.year + EVALUATION_BAN.years
    leap_day = (listed_on.month, listed_on.day) == (2, 29)
    return date(year, 3, 1) if leap_day else listed_on.replace(year=year)


class Status(StrEnum):
    """State of a record."""

    PROPOSED = "proposed"
    NOTICED = "noticed"
    OBJECTED = "objected"
    LISTED = "listed"
    EXPIRED = "expired"
    """Never stored: a listed record whose last day is over."""
    REFUSED = "refused"
    REMOVED = "removed"


STATUS_NAMES: Mapping[Status, str] = {
    Status.PROPOSED: "待核对",
    Status.NOTICED: "公示告知中",
    Status.OBJECTED: "异议待定",
    Status.LISTED: "在列",
    Status.EXPIRED: "已到期",
    Status.REFUSED: "不予列入",
    Status.REMOVED: "已移出",
}


class Action(StrEnum):
    """A step in the life of a record."""

    PROPOSE = "propose"
    PASS = "pass"  # noqa: S105  # a decision
    REFUSE = "refuse"
    OBJECT = "object"
    UPHOLD = "uphold"
    DISMISS = "dismiss"
    LIST = "list"
    DROP = "drop"
    REMOVE = "remove"
    APPEAL = "appeal"
    UPHOLD_APPEAL = "uphold_appeal"
    DISMISS_APPEAL = "dismiss_appeal"


ACTION_NAMES: Mapping[Action, str] = {
    Action.PROPOSE: "提出",
    Action.PASS: "核对通过",
    Action.REFUSE: "核对不通过",
    Action.OBJECT: "提出异议",
    Action.UPHOLD: "异议成立",
    Action.DISMISS: "异议不成立",
    Action.LIST: "列入",
    Action.DROP: "终止列入",
    Action.REMOVE: "移出",
    Action.APPEAL: "申诉",
    Action.UPHOLD_APPEAL: "申诉成立",
    Action.DISMISS_APPEAL: "申诉不成立",
}

DECISIONS = (Action.UPHOLD, Action.DISMISS, Action.LIST, Action.DROP)
"""What is decided between the check and the list."""


class PleaKind(StrEnum):
    """What a subject says against a record."""

    OBJECTION = "objection"
    """Before it is listed."""
    APPEAL = "appeal"
    """Afterwards."""


PLEA_KIND_NAMES: Mapping[PleaKind, str] = {PleaKind.OBJECTION: "异议", PleaKind.APPEAL: "申诉"}


class PleaStatus(StrEnum):
    """State of what a subject said."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


PLEA_STATUS_NAMES: Mapping[PleaStatus, str] = {
    PleaStatus.OPEN: "待处理",
    PleaStatus.UPHELD: "成立",
    PleaStatus.DISMISSED: "不成立",
}


class By(StrEnum):
    """Who takes a step."""

    SUBJECT = "subject"
    """Whom the record is about; the office may write down what a subject handed in on paper."""
    OTHER = "other"
    """The office of the region, but not the person who proposed the record."""
    UNINVOLVED = "uninvolved"
    """The office, but nobody who brought the record on the list."""


INVOLVING = frozenset({Action.PROPOSE, Action.PASS, Action.DISMISS, Action.LIST})
"""Whoever took one of these brought the record on the list, and decides no appeal against it."""


class Condition(StrEnum):
    """What must be so before a step; the value is the code of the refusal."""

    NOTICE_RUNNING = "objections-closed"
    NOTICE_ENDED = "notice-running"
    IN_TIME = "record-expired"
    NO_APPEAL = "appeal-open"
    APPEALED = "appeal-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the conditions look at.

    Attributes:
        status: as stored.
        notice_over: whether the last day of the notice is over.
        expired: whether the last day of the record is over.
        appealed: whether an appeal waits for a decision.
    """

    status: Status
    notice_over: bool = False
    expired: bool = False
    appealed: bool = False


CONDITIONS: Mapping[Condition, tuple[Callable[[Facts], bool], str]] = {
    Condition.NOTICE_RUNNING: (lambda facts: not facts.notice_over, "公示告知期已满，不再受理异议。"),
    Condition.NOTICE_ENDED: (lambda facts: facts.notice_over, "公示告知期未满，不能列入。"),
    Condition.IN_TIME: (lambda facts: not facts.expired, "该记录的有效期已满。"),
    Condition.NO_APPEAL: (lambda facts: not facts.appealed, "有申诉待处理，请先处理申诉。"),
    Condition.APPEALED: (lambda facts: facts.appealed, "没有待处理的申诉。"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table; a target of None leaves the state as it is."""

    source: Status
    target: Status | None
    by: By
    needs: tuple[Condition, ...] = ()


STEPS: Mapping[Action, Step] = {
    Action.PASS: Step(Status.PROPOSED, Status.NOTICED, By.OTHER),
    Action.REFUSE: Step(Status.PROPOSED, Status.REFUSED, By.OTHER),
    Action.OBJECT: Step(Status.NOTICED, Status.OBJECTED, By.SUBJECT, (Condition.NOTICE_RUNNING,)),
    Action.UPHOLD: Step(Status.OBJECTED, Status.REFUSED, By.OTHER),
    Action.DISMISS: Step(Status.OBJECTED, Status.NOTICED, By.OTHER),
    Action.LIST: Step(
        Status.NOTICED, Status.LISTED, By.OTHER, (Condition.NOTICE_ENDED, Condition.IN_TIME)
    ),
    Action.DROP: Step(Status.NOTICED, Status.REFUSED, By.OTHER),
    Action.REMOVE: Step(
        Status.LISTED, Status.REMOVED, By.OTHER, (Condition.IN_TIME, Condition.NO_APPEAL)
    ),
    Action.APPEAL: Step(Status.LISTED, None, By.SUBJECT, (Condition.IN_TIME, Condition.NO_APPEAL)),
    Action.UPHOLD_APPEAL: Step(Status.LISTED, Status.REMOVED, By.UNINVOLVED, (Condition.APPEALED,)),
    Action.DISMISS_APPEAL: Step(Status.LISTED, None, By.UNINVOLVED, (Condition.APPEALED,)),
}  # fmt: skip
"""Every step but the first, PROPOSE, by which a record comes to be."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step is not taken."""

    code: str
    detail: str


def step_refusal(action: Action, facts: Facts) -> Refusal | None:
    """Say why a step cannot be taken as things stand; None if it can. Who takes it is asked elsewhere."""
    step = STEPS[action]
    if facts.status is not step.source:
        shown = Status.EXPIRED if facts.status is Status.LISTED and facts.expired else facts.status
        detail = f"该记录现为“{STATUS_NAMES[shown]}”，不能进行“{ACTION_NAMES[action]}”。"
        return Refusal("illegal-transition", detail)
    for condition in step.needs:
        holds, detail = CONDITIONS[condition]
        if not holds(facts):
            return Refusal(condition.value, detail)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How somebody stands to a record.

    Attributes:
        office: of the bureau of its region, or an admin.
        subject: it is about this person or this person's unit.
        proposed: proposed it.
        involved: took one of the steps in `INVOLVING`.
    """

    office: bool = False
    subject: bool = False
    proposed: bool = False
    involved: bool = False


def right_refusal(action: Action, who: Relation) -> Refusal | None:
    """Say why somebody does not take a step, whatever the state; None if they may."""
    by = STEPS[action].by
    if by is By.SUBJECT:
        if who.subject or who.office:
            return None
        return Refusal("role-not-allowed", f"“{ACTION_NAMES[action]}”由记录所涉的单位或本人提出。")
    if not who.office:
        return Refusal("role-not-allowed", f"“{ACTION_NAMES[action]}”由所在地主管部门办理。")
    if who.subject:
        return Refusal("own-case", "记录涉及您本人或贵单位，应当回避。")
    if who.proposed:
        return Refusal("checker-is-proposer", "提出记录的人不能自己核对和决定，请由另一人办理。")
    if by is By.UNINVOLVED and who.involved:
        return Refusal("decider-involved", "核对或决定过该记录的人不能处理申诉，请由另一人办理。")
    return None


def shown_status(status: Status, *, expires_on: date, day: date) -> Status:
    """Return the state as it is on a day: a listed record ends by itself after its last day."""
    return Status.EXPIRED if status is Status.LISTED and day > expires_on else status


def is_public(board: Board, shown: Status) -> bool:
    """Tell whether anyone may read a record in this state; see `shown_status`."""
    noticed = shown in {Status.NOTICED, Status.OBJECTED}
    return shown is Status.LISTED or (noticed and TERMS[board].public_notice)


def term_fault(board: Board, expires_on: date, *, today: date) -> str | None:
    """Say in Chinese what is wrong with the last day of a new record; None if nothing is."""
    last = today + timedelta(days=TERMS[board].longest_days)
    if not today < expires_on <= last:
        return f"有效期应在今天以后、{last.isoformat()}以前（含）届满。"
    return None


def ground_fits(board: Board, ground: str) -> bool:
    """Tell whether a code of scheme `conduct_ground` is one of this list; they begin with its name."""
    return ground.startswith(f"{board.value}_")


def other_board(board: Board) -> Board:
    """Return the list that the same subject may not stand on at the same time."""
    return Board.RED if board is Board.BLACK else Board.BLACK


def is_involved(actions: Collection[Action]) -> bool:
    """Tell whether somebody who took these steps brought the record on the list."""
    return not INVOLVING.isdisjoint(actions)
