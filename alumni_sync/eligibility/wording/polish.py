"""The words of rules in Polish."""

from typing import Final

from alumni_sync.eligibility.language.clauses import Unit
from alumni_sync.eligibility.wording.vocabulary import (
    FIELDS,
    STATES,
    VALUES,
    VERDICTS,
    compared,
    named,
)
from alumni_sync.eligibility.wording.words import Words

POLISH: Final = Words(
    fields=named(
        FIELDS,
        (
            *("data urodzenia", "data zatrudnienia", "data pierwszego zatrudnienia"),
            *("ostatni dzień pracy", "data odejścia", "rodzaj odejścia", "kod odejścia"),
            *("stan zapisu", "data ponownego zatrudnienia", "rodzaj zatrudnienia"),
            *("spółka", "dział", "miejsce pracy", "kraj", "stanowisko"),
            *("poziom stanowiska", "oznaczenia", "język", "dzień podania adresu"),
            *("tekst, pod którym podano adres", "adnotacja „nie pytać”"),
        ),
    ),
    states=named(
        STATES,
        (
            *("ostatni dzień pracy już minął", "ostatni dzień pracy jeszcze nie minął"),
            *("trwa inne zatrudnienie w firmie", "nie trwa inne zatrudnienie w firmie"),
            *("wiadomo o nowym zatrudnieniu w firmie", "nie ma nowego zatrudnienia w firmie"),
            *("ktoś inny ma ten sam adres prywatny", "nikt inny nie ma tego adresu"),
            "inne odejście tej osoby jest sprawdzane albo wykluczone",
            "żadne inne odejście tej osoby nie jest sprawdzane ani wykluczone",
            "osoba jest na liście ekspertów działu HR",
            "osoby nie ma na liście ekspertów działu HR",
            "osoba należy do grupy próbnej",
            "osoba nie należy do grupy próbnej",
            "osoba powiedziała, że nie chce pytania",
            "osoba nie powiedziała, że nie chce pytania",
        ),
    ),
    verdicts=named(
        VERDICTS,
        (
            *("bez kontaktu", "wykluczenie", "do sprawdzenia"),
            *("czekamy", "poza zakresem programu", "można zapytać"),
        ),
    ),
    units={
        Unit.DAYS: ("1 dzień", "{count} dni", "{count} dni"),
        Unit.WEEKS: ("1 tydzień", "{count} tygodnie", "{count} tygodni"),
        Unit.MONTHS: ("1 miesiąc", "{count} miesiące", "{count} miesięcy"),
        Unit.YEARS: ("1 rok", "{count} lata", "{count} lat"),
    },
    is_one_of=("{field} to {values}", "{field} to nie {values}"),
    contains=("{field} zawierają {value}", "{field} nie zawierają {value}"),
    matches=("{field} wygląda jak {value}", "{field} nie wygląda jak {value}"),
    known=("{field}: wiadomo", "{field}: nie wiadomo"),
    compare=compared(
        (
            "{field} wypada najwcześniej {bound}",
            "{field} wypada wcześniej niż {bound}",
        ),
        (
            "{field} wypada najpóźniej {bound}",
            "{field} wypada później niż {bound}",
        ),
    ),
    compare_number=compared(
        ("{field} to co najmniej {bound}", "{field} to mniej niż {bound}"),
        ("{field} to najwyżej {bound}", "{field} to więcej niż {bound}"),
    ),
    compare_ago=compared(
        ("{field}: najwyżej {bound} temu", "{field}: ponad {bound} temu"),
        (
            "{field}: co najmniej {bound} temu",
            "{field}: mniej niż {bound} temu",
        ),
    ),
    compare_today=compared(
        (
            "{field} to dziś lub później",
            "{field} wypada przed dniem dzisiejszym",
        ),
        ("{field} to dziś lub wcześniej", "{field} wypada po dniu dzisiejszym"),
    ),
    offset=("{duration} wcześniej niż {field}", "{duration} później niż {field}"),
    run_day="dzień decyzji",
    both=" i ",
    either=" lub ",
    flag="oznaczenie: {flag}",
    hold="bez wiadomości na temat: {purpose}",
    hold_until="bez wiadomości na temat: {purpose} (do: {until})",
    when="{Outcome}, gdy {clause}.",
    spoke="{Outcome}, ponieważ {clause}.",
    undecided="Do sprawdzenia: nie da się ustalić, czy {clause}; nie wiadomo: {fields}.",
    unreadable="{field} (wpis jest nieczytelny)",
    values=named(
        VALUES,
        (
            *("wypowiedzenie przez pracownika", "emerytura", "koniec umowy"),
            *(
                "likwidacja stanowiska",
                "porozumienie stron",
                "słabe wyniki",
                "naruszenie zasad",
            ),
            *("spór", "śmierć", "zmiana wewnętrzna", "praca nierozpoczęta", "nieujawniony"),
            *("nieznany", "czynny", "odejście", "cofnięty", "odwołane zatrudnienie"),
            *("usunięty", "nauka zawodu", "program stażowy", "praktyka", "uczeń"),
            *("emerytura", "ekspert", "newsletter", "wydarzenia", "szkolenia"),
            *("oferty pracy", "mentoring", "wystąpienia", "współpraca", "statystyka"),
        ),
    ),
)
