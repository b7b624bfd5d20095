"""The API page comes from files we ship, and asks nobody else for anything."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.one_database("pages and files")

LINK = re.compile(r'(?:src|href|data-document)="([^"]+)"')


def test_everything_the_page_names_is_served_by_us(client: FlaskClient) -> None:
    page = client.get("/docs")
    links = LINK.findall(page.text)
    assert len(links) >= 5
    assert all(link.startswith("/") and not link.startswith("//") for link in links)
    for link in links:
        with client.get(link) as answer:
            assert answer.status_code == 200, link
            assert answer.data


def test_the_browser_is_told_to_refuse_outside_requests(client: FlaskClient) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy


def test_vendored_files_carry_their_licences() -> None:
    folder = files("market.web") / "static" / "vendor" / "swagger-ui"
    names = {entry.name for entry in folder.iterdir()}
    assert {"LICENSE", "NOTICE", "VERSION", "swagger-ui-bundle.js.LICENSE.txt"} <= names
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")


def test_health_answers(client: FlaskClient) -> None:
    assert client.get("/health").get_json() == {"status": "ok"}


def test_the_root_leads_to_the_page(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")


def test_pages_say_in_chinese_what_is_wrong(client: FlaskClient) -> None:
    missing = client.get("/nowhere")
    assert (missing.status_code, missing.mimetype) == (404, "text/html")
    assert "没有找到所请求的内容" in missing.text
    wrong = client.post("/docs")
    assert wrong.status_code == 405
    assert "GET" in wrong.headers["Allow"]
    assert "该地址不支持这种请求方法" in wrong.text
