"""Why a client would leave, proposed by evidence: a pure function; a person corrects it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.risk import ChurnCause
from portal.risk.features import Real

NEGLECT, UNWRITTEN = 0.8, 0.99
ORDINARY = 0.2
"""So far above his branch's middle fee (in logarithms: about a fifth) a client is still ordinary."""
"""The silence (365 days are 1) from which it speaks of neglect, and that of a firm's middle client from which contacts are not written down there."""


def usual_silence(values: Mapping[str, Real]) -> float:
    """The silence of the firm's middle client."""
    return float(np.median(values["silence"])) if len(values["silence"]) else 0.0


def evidence(values: Mapping[str, Real], usual: float = 0.0) -> dict[ChurnCause, Real]:
    """How strongly the facts speak for each cause, 0 to about 1; `values` are features by name, `usual` the silence of the firm's middle client.
    For `forced` no figure speaks: only people say so."""
    gone, broker = values["event"], values["event_broker"]
    hurt = np.maximum(values["loss_90"] * 3, values["downs"] * 2)
    calm = 1 - np.clip(hurt, 0, 1)
    return {
        ChurnCause.TAKEN_BY_BROKER: broker,
        ChurnCause.TAKEN_BY_STAFF: gone - broker,
        ChurnCause.ABANDONED: np.clip((values["silence"] - NEGLECT) * 4, 0, 0.64) * (usual < UNWRITTEN),
        ChurnCause.POACHED: np.clip((values["fee_level"] - ORDINARY) * 2, 0, 0.9),
        ChurnCause.LOST_MONEY: np.clip(hurt, 0, 0.95),
        ChurnCause.DRAWN_AWAY: np.clip(values["withdrawn_30"], 0, 1) * calm * 0.7,
        ChurnCause.FORCED: np.zeros_like(gone),
        ChurnCause.OWN_WILL: np.full_like(gone, 0.25),
    }


def proposed(values: Mapping[str, Real], usual: float = 0.0) -> NDArray[np.str_]:
    """The cause for which most speaks, by client; of equal ones that which stands first."""
    found = evidence(values, usual)
    strengths = np.column_stack(list(found.values()))
    names: NDArray[np.str_] = np.array([cause.value for cause in found])
    chosen: NDArray[np.str_] = names[np.argmax(strengths, axis=1)]
    return chosen
