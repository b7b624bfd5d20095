"""Tables of challenges, by subject."""

from market.challenges.models.awards import Award, AwardReview, ChallengeObjection, GrantPayment, Notice
from market.challenges.models.bids import Bid, BidMember, ScoreSheet
from market.challenges.models.challenges import AnnexAgreement, Challenge, ChallengeEvent, ChallengeRuleSet
from market.challenges.models.panels import IntegrityRecord, Panel, PanelSeat

__all__ = [
    "AnnexAgreement",
    "Award",
    "AwardReview",
    "Bid",
    "BidMember",
    "Challenge",
    "ChallengeEvent",
    "ChallengeObjection",
    "ChallengeRuleSet",
    "GrantPayment",
    "IntegrityRecord",
    "Notice",
    "Panel",
    "PanelSeat",
    "ScoreSheet",
]
