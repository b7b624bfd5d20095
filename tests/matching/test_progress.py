"""The bar shows on the error stream, or not at all."""

from __future__ import annotations

import pytest

from matching.progress import track


@pytest.mark.parametrize("show", [False, True])
def test_items_come_through(
    show: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes rich take the captured stream for a terminal
    assert list(track(iter("abc"), "评测", total=3, show=show)) == ["a", "b", "c"]
    output = capsys.readouterr()
    assert output.out == ""
    assert ("评测" in output.err) is show
