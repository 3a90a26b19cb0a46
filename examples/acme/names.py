"""Invented names, composed from lists: nobody real stands behind any of them.

Surnames are a tree or a stone with an ending. A name here is a spelling problem first: it has
diacritics, two scripts, an apostrophe, a hyphen or a decomposed letter somewhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


POLISH_STEMS: Final = _words(
    "Brzóz Wierzb Dąbr Jawor Modrzew Olszyn Świerk Topol Jarzęb Kalin Głóg Leszcz Krusz Żuraw Jałow"
)
POLISH_ENDINGS: Final = (
    ("owski", "owska"),
    ("iński", "ińska"),
    ("ewicz", "ewicz"),
    ("eńczak", "eńczak"),
    ("owicki", "owicka"),
)
POLISH_MEN: Final = _words(
    "Bartłomiej Błażej Cezary Dariusz Grzegorz Jędrzej Łukasz Maciej Paweł Rafał Sławomir Wojciech"
)
POLISH_WOMEN: Final = _words(
    "Agnieszka Bożena Dagmara Elżbieta Grażyna Jadwiga Katarzyna Małgorzata Róża Świętosława Żaneta"
)

GERMAN_STEMS: Final = _words(
    "Birken Eschen Linden Ahorn Ulmen Tannen Wacholder Hasel Schlehen Moos Heide Kiesel Föhren Dürr"
)
GERMAN_ENDINGS: Final = _words("bach thal müller stedt hof brück weiß groß hütte förster öd")
GERMAN_GIVEN: Final = _words(
    "Anneliese Bärbel Christoph Dörte Ekkehard Friedhelm Gisela Heiko Jürgen Käthe Lothar "
    "Mechthild Norbert Ottilie Rüdiger Sören Ulrike Volker Wiebke"
)

CYRILLIC_STEMS: Final = _words("Верб Лісов Ясен Калин Дубр Терен Журав Гайов Вільх")
CYRILLIC_ENDINGS: Final = (("енко", "енко"), ("инський", "инська"), ("ичук", "ичук"))
CYRILLIC_MEN: Final = _words("Богдан Дмитро Євген Мирослав Тарас Юрій")
CYRILLIC_WOMEN: Final = _words("Ганна Ірина Людмила Наталія Олена Соломія")

MAIL_HOSTS: Final = ("poczta.example", "web-post.example", "privat.example", "skrzynka.example")

_LATIN: Final = dict(
    zip(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        _words("a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch - iu ia"),
        strict=True,
    )
) | {"ь": "", "ł": "l", "ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue"}


@dataclass(frozen=True, slots=True)
class Name:
    """A given and a family name as the HRIS has them."""

    given: str
    family: str

    @property
    def ascii(self) -> str:
        """Return `given.family` as it would stand in a mail address."""
        return f"{_ascii(self.given)}.{_ascii(self.family)}"


def polish(random: Random) -> Name:
    """Return a Polish name; the ending of the family name agrees with the given name."""
    woman = random.random() < 0.5  # noqa: PLR2004 half of them
    given = random.choice(POLISH_WOMEN if woman else POLISH_MEN)
    return Name(given, random.choice(POLISH_STEMS) + random.choice(POLISH_ENDINGS)[woman])


def german(random: Random) -> Name:
    """Return a German name."""
    given = random.choice(GERMAN_GIVEN)
    return Name(given, random.choice(GERMAN_STEMS) + random.choice(GERMAN_ENDINGS))


def cyrillic(random: Random) -> Name:
    """Return a name in Cyrillic letters."""
    woman = random.random() < 0.5  # noqa: PLR2004 half of them
    given = random.choice(CYRILLIC_WOMEN if woman else CYRILLIC_MEN)
    return Name(given, random.choice(CYRILLIC_STEMS) + random.choice(CYRILLIC_ENDINGS)[woman])


def double_barrelled(random: Random) -> Name:
    """Return a name of two families, a Polish and a German one."""
    one = polish(random)
    return Name(one.given, f"{one.family}-{german(random).family}")


def with_apostrophe(random: Random) -> Name:
    """Return a name that a careless SQL or CSV writer breaks on."""
    return Name(random.choice(CYRILLIC_WOMEN), "Прядив'янко")


def decomposed(random: Random) -> Name:
    """Return a Polish name whose accents are separate characters, as macOS exports write them."""
    name = polish(random)
    return Name(unicodedata.normalize("NFD", name.given), unicodedata.normalize("NFD", name.family))


def one_word(random: Random) -> Name:
    """Return a name without a family name: some passports have only one."""
    return Name(random.choice(("Suhartini", "Wirawati", "Budihardja")), "")


def _ascii(text: str) -> str:
    latin = "".join(_LATIN.get(letter, letter) for letter in text.lower())
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
