"""What a trial found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """One trial: what was tried how often, the figures, and every fault found (at most a hundred are kept in words)."""

    trial: str
    database: str
    tried: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def fault(self, words: str) -> None:
        """Keep a fault."""
        if len(self.faults) < 100:
            self.faults.append(words)
