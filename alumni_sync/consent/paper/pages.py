"""Pages of A4: the exit form and the letter, each whole in one file, nothing from elsewhere."""

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from alumni_sync.consent.mail.composing import plain_name
from alumni_sync.consent.notices.editions import Terms
from alumni_sync.consent.paper.codes import code_svg
from alumni_sync.consent.paper.wording import (
    Handout,
    LetterTexts,
    LetterValues,
    PaperFile,
    rendered,
)


def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("alumni_sync.consent.paper"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(name)


def letter_page(texts: PaperFile, terms: Terms, letter: LetterValues) -> str:
    """Return one letter as a self-contained page of A4; names come from an HRIS, never trusted."""
    values = {
        **terms.said_in(letter.language),
        "first_name": plain_name(letter.first_name),
        "closes": letter.closes,
    }
    said = LetterTexts.model_validate(rendered(texts.letter, values))
    return _template("letter.html").render(
        letter=letter,
        controller=terms.controller,
        name=plain_name(letter.name),
        said=said,
        greeting=said.greeting if values["first_name"] else said.greeting_unnamed,
        code=code_svg(letter.link, inline=True),
    )


def handout_page(given: Handout) -> str:
    """Return a handout as one self-contained page of A4."""
    return _template("exit.html").render(
        language=given.language,
        controller=given.controller,
        said=given.said,
        code=code_svg(given.link, inline=True),
        link=given.link,
        evidence_id=given.evidence_id,
    )
