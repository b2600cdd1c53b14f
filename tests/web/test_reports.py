"""What browsers report of broken pages is written down, plainly and not endlessly."""

from __future__ import annotations

import logging

import pytest
from flask import Flask


def test_reports_of_browsers_are_written_down_and_change_nothing(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    old = '{"csp-report": {"violated-directive": "script-src", "blocked-uri": "https://evil.example/x.js?who=13800138000", "document-uri": "http://localhost/clients?q=name"}}'
    new = '[{"type": "csp-violation", "body": {"effectiveDirective": "img-src\\nforged line", "blockedURL": "inline", "documentURL": "http://localhost/"}}, 7]'
    client = app.test_client()
    with caplog.at_level(logging.WARNING, "portal.reports"):
        for body in (old, new, "", "[[", "{}", "7", "[" * 10_000, '{"csp-report": 7}'):
            assert client.post("/csp-reports", data=body, content_type="application/csp-report").status_code == 204
        assert client.post("/csp-reports", data="x" * 20_000).status_code == 413
        lines = [record.getMessage() for record in caplog.records]
        assert len(lines) == 2
        assert "script-src of https://evil.example/x.js on http://localhost/clients" in lines[0]
        assert "13800138000" not in lines[0]
        assert "\n" not in lines[1]
        for _ in range(100):
            client.post("/csp-reports", data=old)
    assert len(caplog.records) <= 62, "few are heard in a minute"
