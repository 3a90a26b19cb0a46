"""The exit pack: what HR hands out, so that an address may be written to afterwards."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import zxingcpp

from alumni_sync.cli.init import write_deployment
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.consent.paper.codes import code_png
from alumni_sync.consent.paper.wording import handout, load_paper
from alumni_sync.errors import ConfigError
from alumni_sync.shipped import shipped
from tests.officer import run
from tests.pictures import codes_in, pixels
from tests.terms import TERMS

FOLDER = shipped("rules") / "notices" / "alumni-community" / "1.0.0"
LANGUAGES = tuple(load_edition(shipped("rules"), "alumni-community").manifest.languages)
LINK = "https://alumni.acme.example/n/alumni-community/1.0.0/en"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of the sample company."""
    write_deployment(tmp_path / "acme", from_sample=True)
    return tmp_path / "acme" / "alumni_sync.yaml"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_who_asks_and_how_to_stop_it(language: str) -> None:
    """An address that was given without knowing for what may not be written to (GDPR 13)."""
    text = handout(
        load_paper(FOLDER, language), TERMS, source="s", language=language, version="1", link=LINK
    ).text

    for said in (TERMS.controller, TERMS.contact, TERMS.authority_url, LINK, " 3", "30 "):
        assert said in text
    assert "{{" not in text


def test_every_source_and_language_gets_text_page_and_code(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A leaver desk without the sheet in the leaver's language collects addresses for nothing."""
    out = tmp_path / "handed out"

    assert 0 == run(config, "exit-pack", "--out", str(out), "--json")

    told = json.loads(capsys.readouterr().out)
    wanted = [(source, code) for source in ("acme-pl", "acme-de") for code in LANGUAGES]
    assert wanted == [(each["source"], each["language"]) for each in told]
    assert sorted(name for each in told for name in each["files"]) == sorted(
        path.name for path in out.iterdir()
    )
    for each in told:
        for kind in ("txt", "html"):
            said = (out / f"{each['evidence_id']}.{kind}").read_text("utf-8")
            assert each["evidence_id"] in said
        ET.parse(out / f"{each['evidence_id']}.svg")  # noqa: S314 we wrote it ourselves
        assert (out / f"{each['evidence_id']}.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_words_give_the_same_bytes(config: Path, tmp_path: Path) -> None:
    """Sheets that differ from one printing to the next cannot be told from changed ones."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        assert 0 == run(config, "exit-pack", "--out", str(folder), "--source", "acme-pl")

    first, second = (
        {path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders
    )
    assert first == second


def test_other_words_have_another_number(config: Path, tmp_path: Path) -> None:
    """Two texts under one number would make it evidence of neither."""
    run(config, "exit-pack", "--source", "acme-pl", "--out", str(tmp_path / "a"))
    text = config.read_text("utf-8")
    config.write_text(text.replace("privacy@acme.example", "dpo@acme.example"), "utf-8")
    run(config, "exit-pack", "--source", "acme-pl", "--out", str(tmp_path / "b"))

    before, after = ({p.stem for p in (tmp_path / name).iterdir()} for name in "ab")
    assert set() == before & after


def test_every_code_opens_the_notice_of_its_language(config: Path, tmp_path: Path) -> None:
    """A code that leads elsewhere leaves the reader without what they are to be told."""
    out = tmp_path / "out"
    assert 0 == run(config, "exit-pack", "--out", str(out))

    found = {path.stem: codes_in(path.read_bytes()) for path in out.glob("*.png")}

    notice = "http://127.0.0.1:8400/n/alumni-community/1.0.0"
    assert {name: [f"{notice}/{name.split('-')[3]}"] for name in found} == found
    assert 2 * len(LANGUAGES) == len(found)


def test_a_soiled_code_still_opens() -> None:
    """Paper gets wet, folded and written on."""
    picture = bytearray(pixels(code_png(LINK)).tobytes())
    side = int(len(picture) ** 0.5)
    for row in range(side // 2, side // 2 + side // 6):
        start = row * side + side // 2
        picture[start : start + side // 6] = bytes(side // 6)
    soiled = np.frombuffer(bytes(picture), np.uint8).reshape(side, side)

    assert [LINK] == [each.text for each in zxingcpp.read_barcodes(soiled)]


def test_a_source_or_language_that_is_not_there_is_told(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty folder would look like a language without anything to say."""
    out = tmp_path / "out"

    assert 2 == run(config, "exit-pack", "--out", str(out), "--language", "xx")
    assert 2 == run(config, "exit-pack", "--out", str(out), "--source", "nowhere")

    assert "no such language" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("{{ contact }}", "us", "exit does not say contact"),
        ("{{ closes }}", "soon", "letter does not say closes"),
        ("{{ company }}", "{{ salary }}", "uses the unknown value salary"),
        ("{{ company }}", "{{ company", "does not parse"),
        ("  title:", "  titel:", "exit.title: Field required"),
        ("exit:", "exit: [", "cannot be read"),
    ],
)
def test_a_text_that_leaves_something_out_is_not_handed_out(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    """What is on paper cannot be called back."""
    paper = tmp_path / "paper"
    paper.mkdir()
    text = (FOLDER / "paper" / "en.yaml").read_text("utf-8")
    (paper / "en.yaml").write_text(text.replace(old, new), "utf-8")

    with pytest.raises(ConfigError, match=problem):
        load_paper(tmp_path, "en")


def test_a_language_without_paper_texts_is_told(tmp_path: Path) -> None:
    """A language is complete, on paper too."""
    with pytest.raises(ConfigError, match=r"pl\.yaml"):
        load_paper(tmp_path, "pl")
