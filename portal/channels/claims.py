"""Which channel a claim speaks for, and how one person is divided over the channels that claim him. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from models.channels import LeadChannel
from models.leads import CampaignKind, IntroducerKind


class By(enum.StrEnum):
    """To whom a person counts: the first who claimed him, the last before his account opened, or all in equal parts."""

    FIRST = "first"
    LAST = "last"
    SPLIT = "split"


class Said(NamedTuple):
    """A claim: when it was made, and for which channel it speaks."""

    at: datetime
    channel: LeadChannel


_OF_CAMPAIGN = {CampaignKind.CAMPAIGN: LeadChannel.CAMPAIGN, CampaignKind.EVENT: LeadChannel.EVENT, CampaignKind.RESEARCH: LeadChannel.RESEARCH}


def channel_of(kind: str, campaign: str | None) -> LeadChannel:
    """The channel of a claim: a broker's and a client's are their own; what staff or the firm claim through a campaign is the campaign's.

    >>> str(channel_of("staff", "event")), str(channel_of("broker", "event")), str(channel_of("client", None)), str(channel_of("firm", None))
    ('event', 'broker', 'referral', 'direct')
    """
    if kind == IntroducerKind.BROKER:
        return LeadChannel.BROKER
    if kind == IntroducerKind.CLIENT:
        return LeadChannel.REFERRAL
    if campaign:
        return _OF_CAMPAIGN[CampaignKind(campaign)]
    return LeadChannel.STAFF if kind == IntroducerKind.STAFF else LeadChannel.DIRECT


def parts(claims: Sequence[Said], opened: datetime | None, by: By) -> dict[LeadChannel, Fraction]:
    """How much of a person counts to which channel; the parts add up to 1. `claims` are in their order, at least one.

    Claims made after the account opened count for nothing, unless there is no other.
    """
    counted = [claim for claim in claims if opened is None or claim.at <= opened] or list(claims[:1])
    if by is By.FIRST:
        counted = counted[:1]
    elif by is By.LAST:
        counted = counted[-1:]
    found: dict[LeadChannel, Fraction] = {}
    for claim in counted:
        found[claim.channel] = found.get(claim.channel, Fraction(0)) + Fraction(1, len(counted))
    return found
