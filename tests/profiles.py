"""How long hypothesis looks: quickly in the suite, longer where HYPOTHESIS_PROFILE=long is set."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=150, deadline=None, report_multiple_bugs=False, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", max_examples=2_000, deadline=None, report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow])

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
PROFILE = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
"""For a property whose settings are written at it; every other one has them by itself."""
