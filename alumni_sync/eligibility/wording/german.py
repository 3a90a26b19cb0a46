"""The words of rules in German."""

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

GERMAN: Final = Words(
    fields=named(
        FIELDS,
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
    ),
    states=named(
        STATES,
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
    ),
    verdicts=named(
        VERDICTS,
        (
            *("nie angeschrieben", "ausgeschlossen", "zu prüfen"),
            *("zurückgestellt", "nicht Teil des Programms", "darf gefragt werden"),
        ),
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
    compare=compared(
        ("{field} frühestens {bound} liegt", "{field} vor {bound} liegt"),
        ("{field} spätestens {bound} liegt", "{field} nach {bound} liegt"),
    ),
    compare_number=compared(
        ("{field} mindestens {bound} ist", "{field} unter {bound} ist"),
        ("{field} höchstens {bound} ist", "{field} über {bound} ist"),
    ),
    compare_ago=compared(
        (
            "{field} höchstens {bound} zurückliegt",
            "{field} mehr als {bound} zurückliegt",
        ),
        (
            "{field} mindestens {bound} zurückliegt",
            "{field} weniger als {bound} zurückliegt",
        ),
    ),
    compare_today=compared(
        ("{field} heute oder später ist", "{field} vor heute liegt"),
        ("{field} heute oder früher ist", "{field} nach heute liegt"),
    ),
    offset=("{duration} früher als {field}", "{duration} später als {field}"),
    run_day="der Tag der Entscheidung",
    both=" und ",
    either=" oder ",
    flag="gekennzeichnet: {flag}",
    hold="keine Nachrichten zu: {purpose}",
    hold_until="keine Nachrichten zu: {purpose} (bis {until})",
    when="{Outcome}, wenn {clause}.",
    spoke="{Outcome}, weil {clause}.",
    undecided="Zu prüfen: Ob {clause}, lässt sich nicht entscheiden. Nicht bekannt: {fields}.",
    unreadable="{field} (der Eintrag ist nicht lesbar)",
    values=named(
        VALUES,
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
    ),
)
