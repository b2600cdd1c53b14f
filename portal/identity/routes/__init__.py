"""The pages of identity: signing in and out, the second factor, one's own settings, and the administration of users."""

from __future__ import annotations

from portal.identity.routes import me, second_factor, sign_in, users
from portal.identity.routes.blueprint import bp

__all__ = ["bp", "me", "second_factor", "sign_in", "users"]
