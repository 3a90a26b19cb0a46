"""The first two visitors after a start: what is made for the first is not yet there for another."""

from threading import Thread

import pytest

from alumni_sync.consent.notices.rendering import notice_html

TEXT = "[How](https://alumni.example/how?from=notice&to=you) <https://alumni.example/how?a=%20b>"


class _Meanwhile(dict[str, list[str]]):
    """A table that lets somebody else come in at the moment when it is known and still empty."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[str] = []
        self.thread = Thread(target=lambda: self.others.append(notice_html(TEXT)))

    def __setitem__(self, key: str, value: list[str]) -> None:
        super().__setitem__(key, value)
        if not self.thread.ident:
            self.thread.start()
            self.thread.join(timeout=0.2)  # until it has looked, or waits for its turn


@pytest.mark.parametrize("table", ["_encode.encode_cache", "_decode.decode_cache"])
def test_two_who_come_first_see_the_same_notice(
    table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in some hundred starts, the second visitor saw an error instead of the question."""
    meanwhile = _Meanwhile()
    monkeypatch.setattr(f"mdurl.{table}", meanwhile)

    first = notice_html(TEXT)
    meanwhile.thread.join()

    assert [first] == meanwhile.others
