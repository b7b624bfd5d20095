"""Writing the red and black lists: records, what their subjects say against them, and what they bar."""

from market.conduct.service.evaluations import record_evaluation
from market.conduct.service.pleas import appeal_against, decide_appeal, object_to
from market.conduct.service.records import check_record, decide_record, propose_record, remove_record

__all__ = [
    "appeal_against",
    "check_record",
    "decide_appeal",
    "decide_record",
    "object_to",
    "propose_record",
    "record_evaluation",
    "remove_record",
]
