"""The README says every setting."""

from __future__ import annotations

from dataclasses import fields

from portal.settings import PREFIX, ROOT, Settings


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [item.name for item in fields(Settings) if item.name != "testing" and PREFIX + item.name.upper() not in readme]
    assert not missing, f"README.md does not name {missing}"
