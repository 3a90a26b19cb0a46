"""The words of rules in German, Polish and Russian, and which languages there are.

Sentences are built so that every part stands in the form in which it is named: "later than the hire
date" in each of these languages needs no case. Clauses can follow "when", "because" and "whether".
"""

from collections.abc import Mapping
from typing import Final

from alumni_sync.eligibility.clauses import Comparison, Unit
from alumni_sync.eligibility.fields import (
    ADDRESS_SHARED,
    EMPLOYED_STILL,
    HAS_LEFT,
    IN_PILOT_SHARE,
    NO,
    NOMINATED,
    OTHER_EXIT_ADVERSE,
    RETURNING,
    YES,
)
from alumni_sync.eligibility.words import ENGLISH, Words

_FIELDS: Final = tuple(ENGLISH.fields)
_STATES: Final = tuple(
    (state, value)
    for state in (
        HAS_LEFT,
        EMPLOYED_STILL,
        RETURNING,
        ADDRESS_SHARED,
        OTHER_EXIT_ADVERSE,
        NOMINATED,
        IN_PILOT_SHARE,
        "do_not_consider",
    )
    for value in (YES, NO)
)
_VALUES: Final = (
    *("resignation", "retirement", "end_of_contract", "redundancy", "mutual_agreement"),
    *("performance", "misconduct", "dispute", "death", "internal_transfer", "no_show"),
    *("undisclosed", "unknown", "active", "left", "rescinded", "hire_cancelled", "deleted"),
    *("apprentice", "trainee", "intern", "pupil", "retiree", "expert", "newsletter", "events"),
    *("trainings", "job_offers", "mentoring", "speaking", "partnership", "statistics"),
)
"""Values that a rule may name and that have a name in every language."""
_VERDICTS: Final = tuple(ENGLISH.verdicts)

GERMAN: Final = Words(
    fields=dict(
        zip(
            _FIELDS,
            (
                *("das Geburtsdatum", "das Eintrittsdatum", "das erste Eintrittsdatum"),
                *("der letzte Arbeitstag", "das Austrittsdatum", "die Art des Austritts"),
                *("der Code des Austritts", "der Stand des Datensatzes"),
                *("das Datum der Wiedereinstellung", "die Art der Beschäftigung"),
                *("die Gesellschaft", "die Abteilung", "der Standort", "das Land"),
                *("die Position", "die Stufe der Position", "die Merkmale", "die Sprache"),
                *("der Tag, an dem die Adresse angegeben wurde,",),
                *("der Text, unter dem die Adresse angegeben wurde,",),
                "der Vermerk „nicht fragen“",
            ),
            strict=True,
        )
    ),
    states=dict(
        zip(
            _STATES,
            (
                *("der letzte Arbeitstag vorbei ist", "der letzte Arbeitstag noch bevorsteht"),
                *("eine andere Anstellung hier weitergeht", "keine andere Anstellung weitergeht"),
                *("eine neue Anstellung hier bekannt ist", "keine neue Anstellung bekannt ist"),
                *("jemand anders dieselbe private Adresse hat", "niemand sonst die Adresse hat"),
                "ein anderer Austritt der Person geprüft wird oder ausgeschlossen ist",
                "kein anderer Austritt der Person geprüft wird oder ausgeschlossen ist",
                "die Expertenliste der Personalabteilung die Person nennt",
                "die Expertenliste der Personalabteilung die Person nicht nennt",
                "die Person in den Anteil des Probelaufs fällt",
                "die Person nicht in den Anteil des Probelaufs fällt",
                "die Person gesagt hat, dass sie nicht gefragt werden will",
                "die Person nicht gesagt hat, dass sie nicht gefragt werden will",
            ),
            strict=True,
        )
    ),
    verdicts=dict(
        zip(
            _VERDICTS,
            (
                *("nie angeschrieben", "ausgeschlossen", "zu prüfen"),
                *("zurückgestellt", "nicht Teil des Programms", "darf gefragt werden"),
            ),
            strict=True,
        )
    ),
    units={
        Unit.DAYS: ("1 Tag", "{count} Tage"),
        Unit.WEEKS: ("1 Woche", "{count} Wochen"),
        Unit.MONTHS: ("1 Monat", "{count} Monate"),
        Unit.YEARS: ("1 Jahr", "{count} Jahre"),
    },
    is_one_of=("{field} {values} ist", "{field} nicht {values} ist"),
    contains=("{field} {value} enthalten", "{field} {value} nicht enthalten"),
    matches=("{field} wie {value} aussieht", "{field} nicht wie {value} aussieht"),
    known=("{field} bekannt ist", "{field} nicht bekannt ist"),
    compare={
        Comparison.AT_LEAST: ("{field} frühestens {bound} liegt", "{field} vor {bound} liegt"),
        Comparison.AT_MOST: ("{field} spätestens {bound} liegt", "{field} nach {bound} liegt"),
        Comparison.BEFORE: ("{field} vor {bound} liegt", "{field} frühestens {bound} liegt"),
        Comparison.AFTER: ("{field} nach {bound} liegt", "{field} spätestens {bound} liegt"),
    },
    compare_number={
        Comparison.AT_LEAST: ("{field} mindestens {bound} ist", "{field} unter {bound} ist"),
        Comparison.AT_MOST: ("{field} höchstens {bound} ist", "{field} über {bound} ist"),
        Comparison.BEFORE: ("{field} unter {bound} ist", "{field} mindestens {bound} ist"),
        Comparison.AFTER: ("{field} über {bound} ist", "{field} höchstens {bound} ist"),
    },
    compare_ago={
        Comparison.AT_LEAST: (
            "{field} höchstens {bound} zurückliegt",
            "{field} mehr als {bound} zurückliegt",
        ),
        Comparison.AT_MOST: (
            "{field} mindestens {bound} zurückliegt",
            "{field} weniger als {bound} zurückliegt",
        ),
        Comparison.BEFORE: (
            "{field} mehr als {bound} zurückliegt",
            "{field} höchstens {bound} zurückliegt",
        ),
        Comparison.AFTER: (
            "{field} weniger als {bound} zurückliegt",
            "{field} mindestens {bound} zurückliegt",
        ),
    },
    compare_today={
        Comparison.AT_LEAST: ("{field} heute oder später ist", "{field} vor heute liegt"),
        Comparison.AT_MOST: ("{field} heute oder früher ist", "{field} nach heute liegt"),
        Comparison.BEFORE: ("{field} vor heute liegt", "{field} heute oder später ist"),
        Comparison.AFTER: ("{field} nach heute liegt", "{field} heute oder früher ist"),
    },
    offset=("{duration} früher als {field}", "{duration} später als {field}"),
    both=" und ",
    either=" oder ",
    flag="gekennzeichnet: {flag}",
    hold="keine Nachrichten zu: {purpose}",
    hold_until="keine Nachrichten zu: {purpose} (bis {until})",
    when="{Outcome}, wenn {clause}.",
    spoke="{Outcome}, weil {clause}.",
    undecided="Zu prüfen: Ob {clause}, lässt sich nicht entscheiden. Nicht bekannt: {fields}.",
    values=dict(
        zip(
            _VALUES,
            (
                *("eigene Kündigung", "Ruhestand", "Vertragsende", "Stellenabbau"),
                *("Aufhebungsvertrag", "ungenügende Leistung", "Fehlverhalten", "Streit", "Tod"),
                *("interner Wechsel", "nie angetreten", "nicht offengelegt", "unbekannt"),
                *("aktiv", "ausgeschieden", "zurückgenommen", "Einstellung abgesagt", "gelöscht"),
                *("Ausbildung", "Traineeprogramm", "Praktikum", "Schulpraktikum"),
                *("im Ruhestand", "Fachwissen", "Newsletter", "Veranstaltungen"),
                *("Weiterbildung", "Stellenangebote", "Mentoring", "Vorträge"),
                *("Zusammenarbeit", "Statistik"),
            ),
            strict=True,
        )
    ),
)

POLISH: Final = Words(
    fields=dict(
        zip(
            _FIELDS,
            (
                *("data urodzenia", "data zatrudnienia", "data pierwszego zatrudnienia"),
                *("ostatni dzień pracy", "data odejścia", "rodzaj odejścia", "kod odejścia"),
                *("stan zapisu", "data ponownego zatrudnienia", "rodzaj zatrudnienia"),
                *("spółka", "dział", "miejsce pracy", "kraj", "stanowisko"),
                *("poziom stanowiska", "oznaczenia", "język", "dzień podania adresu"),
                *("tekst, pod którym podano adres", "adnotacja „nie pytać”"),
            ),
            strict=True,
        )
    ),
    states=dict(
        zip(
            _STATES,
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
            strict=True,
        )
    ),
    verdicts=dict(
        zip(
            _VERDICTS,
            (
                *("bez kontaktu", "wykluczenie", "do sprawdzenia"),
                *("czekamy", "poza zakresem programu", "można zapytać"),
            ),
            strict=True,
        )
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
    compare={
        Comparison.AT_LEAST: (
            "{field} wypada najwcześniej {bound}",
            "{field} wypada wcześniej niż {bound}",
        ),
        Comparison.AT_MOST: (
            "{field} wypada najpóźniej {bound}",
            "{field} wypada później niż {bound}",
        ),
        Comparison.BEFORE: (
            "{field} wypada wcześniej niż {bound}",
            "{field} wypada najwcześniej {bound}",
        ),
        Comparison.AFTER: (
            "{field} wypada później niż {bound}",
            "{field} wypada najpóźniej {bound}",
        ),
    },
    compare_number={
        Comparison.AT_LEAST: ("{field} to co najmniej {bound}", "{field} to mniej niż {bound}"),
        Comparison.AT_MOST: ("{field} to najwyżej {bound}", "{field} to więcej niż {bound}"),
        Comparison.BEFORE: ("{field} to mniej niż {bound}", "{field} to co najmniej {bound}"),
        Comparison.AFTER: ("{field} to więcej niż {bound}", "{field} to najwyżej {bound}"),
    },
    compare_ago={
        Comparison.AT_LEAST: ("{field}: najwyżej {bound} temu", "{field}: ponad {bound} temu"),
        Comparison.AT_MOST: (
            "{field}: co najmniej {bound} temu",
            "{field}: mniej niż {bound} temu",
        ),
        Comparison.BEFORE: ("{field}: ponad {bound} temu", "{field}: najwyżej {bound} temu"),
        Comparison.AFTER: (
            "{field}: mniej niż {bound} temu",
            "{field}: co najmniej {bound} temu",
        ),
    },
    compare_today={
        Comparison.AT_LEAST: (
            "{field} to dziś lub później",
            "{field} wypada przed dniem dzisiejszym",
        ),
        Comparison.AT_MOST: ("{field} to dziś lub wcześniej", "{field} wypada po dniu dzisiejszym"),
        Comparison.BEFORE: (
            "{field} wypada przed dniem dzisiejszym",
            "{field} to dziś lub później",
        ),
        Comparison.AFTER: ("{field} wypada po dniu dzisiejszym", "{field} to dziś lub wcześniej"),
    },
    offset=("{duration} wcześniej niż {field}", "{duration} później niż {field}"),
    both=" i ",
    either=" lub ",
    flag="oznaczenie: {flag}",
    hold="bez wiadomości na temat: {purpose}",
    hold_until="bez wiadomości na temat: {purpose} (do: {until})",
    when="{Outcome}, gdy {clause}.",
    spoke="{Outcome}, ponieważ {clause}.",
    undecided="Do sprawdzenia: nie da się ustalić, czy {clause}; nie wiadomo: {fields}.",
    values=dict(
        zip(
            _VALUES,
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
            strict=True,
        )
    ),
)

RUSSIAN: Final = Words(
    fields=dict(
        zip(
            _FIELDS,
            (
                *("дата рождения", "дата приёма на работу", "дата первого приёма на работу"),
                *("последний рабочий день", "дата ухода", "вид ухода", "код ухода"),
                *("состояние записи", "дата повторного приёма", "вид занятости"),
                *("юридическое лицо", "отдел", "место работы", "страна", "должность"),
                *("уровень должности", "пометки", "язык", "день, когда указан адрес"),
                *("текст, под которым указан адрес", "пометка «не спрашивать»"),
            ),
            strict=True,
        )
    ),
    states=dict(
        zip(
            _STATES,
            (
                *("последний рабочий день прошёл", "последний рабочий день ещё не прошёл"),
                *("другая работа здесь продолжается", "другая работа здесь не продолжается"),
                *("известно о новой работе здесь", "о новой работе здесь не известно"),
                *("у кого-то ещё тот же личный адрес", "больше ни у кого нет этого адреса"),
                "другой уход этого человека проверяется или исключён",
                "никакой другой уход этого человека не проверяется и не исключён",
                "человек есть в списке экспертов отдела кадров",
                "человека нет в списке экспертов отдела кадров",
                "человек входит в пробную группу",
                "человек не входит в пробную группу",
                "человек сказал, что не хочет вопроса",
                "человек не говорил, что не хочет вопроса",
            ),
            strict=True,
        )
    ),
    verdicts=dict(
        zip(
            _VERDICTS,
            (
                *("не обращаемся никогда", "исключение", "на проверку"),
                *("ждём", "вне программы", "можно спросить"),
            ),
            strict=True,
        )
    ),
    units={
        Unit.DAYS: ("1 день", "{count} дня", "{count} дней"),
        Unit.WEEKS: ("1 неделя", "{count} недели", "{count} недель"),
        Unit.MONTHS: ("1 месяц", "{count} месяца", "{count} месяцев"),
        Unit.YEARS: ("1 год", "{count} года", "{count} лет"),
    },
    is_one_of=("{field} — {values}", "{field} — не {values}"),
    contains=("{field} содержат {value}", "{field} не содержат {value}"),
    matches=("{field} похоже на {value}", "{field} не похоже на {value}"),
    known=("{field}: известно", "{field}: не известно"),
    compare={
        Comparison.AT_LEAST: ("{field} не раньше, чем {bound}", "{field} раньше, чем {bound}"),
        Comparison.AT_MOST: ("{field} не позже, чем {bound}", "{field} позже, чем {bound}"),
        Comparison.BEFORE: ("{field} раньше, чем {bound}", "{field} не раньше, чем {bound}"),
        Comparison.AFTER: ("{field} позже, чем {bound}", "{field} не позже, чем {bound}"),
    },
    compare_number={
        Comparison.AT_LEAST: ("{field} не меньше {bound}", "{field} меньше {bound}"),
        Comparison.AT_MOST: ("{field} не больше {bound}", "{field} больше {bound}"),
        Comparison.BEFORE: ("{field} меньше {bound}", "{field} не меньше {bound}"),
        Comparison.AFTER: ("{field} больше {bound}", "{field} не больше {bound}"),
    },
    compare_ago={
        Comparison.AT_LEAST: (
            "{field}: прошло не больше, чем {bound}",
            "{field}: прошло больше, чем {bound}",
        ),
        Comparison.AT_MOST: (
            "{field}: прошло не меньше, чем {bound}",
            "{field}: прошло меньше, чем {bound}",
        ),
        Comparison.BEFORE: (
            "{field}: прошло больше, чем {bound}",
            "{field}: прошло не больше, чем {bound}",
        ),
        Comparison.AFTER: (
            "{field}: прошло меньше, чем {bound}",
            "{field}: прошло не меньше, чем {bound}",
        ),
    },
    compare_today={
        Comparison.AT_LEAST: ("{field} — сегодня или позже", "{field} раньше сегодняшнего дня"),
        Comparison.AT_MOST: ("{field} — сегодня или раньше", "{field} позже сегодняшнего дня"),
        Comparison.BEFORE: ("{field} раньше сегодняшнего дня", "{field} — сегодня или позже"),
        Comparison.AFTER: ("{field} позже сегодняшнего дня", "{field} — сегодня или раньше"),
    },
    offset=("{field} минус {duration}", "{field} плюс {duration}"),
    both=" и ",
    either=" или ",
    flag="отметка: {flag}",
    hold="без писем на тему: {purpose}",
    hold_until="без писем на тему: {purpose} (до: {until})",
    when="{Outcome}, если {clause}.",
    spoke="{Outcome}, потому что {clause}.",
    undecided="На проверку: нельзя решить, верно ли, что {clause}; не известно: {fields}.",
    values=dict(
        zip(
            _VALUES,
            (
                *("уход по собственному желанию", "выход на пенсию", "окончание договора"),
                *("сокращение", "соглашение сторон", "слабые результаты", "нарушение", "спор"),
                *("смерть", "внутренний перевод", "невыход на работу", "не раскрыто", "неизвестно"),
                *("действует", "уход", "отменено", "приём отменён", "удалено", "ученичество"),
                *("стажировка", "практика", "школьная практика", "на пенсии", "эксперт"),
                *("рассылка новостей", "мероприятия", "обучение", "предложения о работе"),
                *("наставничество", "выступления", "сотрудничество", "статистика"),
            ),
            strict=True,
        )
    ),
)

WORDS: Final[Mapping[str, Words]] = {
    "en": ENGLISH,
    "de": GERMAN,
    "pl": POLISH,
    "ru": RUSSIAN,
}
"""Language → its words; another language is another entry."""
