"""German."""

from __future__ import annotations

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Romans, Table, Times, Web

KINGS = (
    "ludwig karl friedrich wilhelm heinrich otto johannes paul pius benedikt franz georg "
    "eduard napoleon alexander nikolaus gregor leo papst könig philipp maximilian joseph"
)
QUEENS = "elisabeth katharina maria christina anna victoria johanna margarethe königin"  # fmt: skip
TABLE = Table(
    cldr="de",
    point_decimals=False,
    point="Komma",
    single_decimals=True,
    minus="minus",
    to=" bis ",
    percent="Prozent",
    signs={"&": "und", "+": "plus", "=": "gleich", "×": "mal", "÷": "geteilt durch",
           "§": "Paragraf"},
    number_sign="Nummer",
    numerals=Numerals(
        genders={"m": "cardinal-masculine", "f": "cardinal-feminine", "n": "cardinal-neuter"},
        ordinals={"m": "ordinal", "f": "ordinal", "en": "ordinal-n", "er": "ordinal-r"},
        year="numbering-year",
    ),
    dates=Dates(
        "dmy",
        ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
         "Oktober", "November", "Dezember"),
        "{day} {month} {year}",
        tuple(range(1, 32)),
    ),
    times=Times("{hour} Uhr {minute}", "{hour} Uhr", gender="n", mark=r"(?:\s?Uhr\b)?"),
    web=Web("Punkt", "Schrägstrich", "ät", "Bindestrich"),
    units={
        "km/h": Noun("Kilometer pro Stunde", "Kilometer pro Stunde"),
        "m/s": Noun("Meter pro Sekunde", "Meter pro Sekunde"),
        "km²": Noun("Quadratkilometer", "Quadratkilometer"),
        "m²": Noun("Quadratmeter", "Quadratmeter"), "m³": Noun("Kubikmeter", "Kubikmeter"),
        "km": Noun("Kilometer", "Kilometer"), "cm": Noun("Zentimeter", "Zentimeter"),
        "mm": Noun("Millimeter", "Millimeter"), "m": Noun("Meter", "Meter"),
        "ha": Noun("Hektar", "Hektar"), "kg": Noun("Kilo", "Kilo", "n"),
        "mg": Noun("Milligramm", "Milligramm", "n"), "g": Noun("Gramm", "Gramm", "n"),
        "ml": Noun("Milliliter", "Milliliter"), "l": Noun("Liter", "Liter"),
        "L": Noun("Liter", "Liter"), "°C": Noun("Grad Celsius", "Grad Celsius"),
        "°F": Noun("Grad Fahrenheit", "Grad Fahrenheit"), "°": Noun("Grad", "Grad"),
        "MB": Noun("Megabyte", "Megabyte", "n"), "GB": Noun("Gigabyte", "Gigabyte", "n"),
        "TB": Noun("Terabyte", "Terabyte", "n"), "Hz": Noun("Hertz", "Hertz", "n"),
        "kWh": Noun("Kilowattstunde", "Kilowattstunden", "f"),
        "kW": Noun("Kilowatt", "Kilowatt", "n"), "W": Noun("Watt", "Watt", "n"),
        "V": Noun("Volt", "Volt", "n"), "min": Noun("Minute", "Minuten", "f"),
        "min.": Noun("Minute", "Minuten", "f"),
        "s": Noun("Sekunde", "Sekunden", "f"), "Std.": Noun("Stunde", "Stunden", "f"),
        "h": Noun("Stunde", "Stunden", "f"),
    },
    currencies={
        "€": Currency(Noun("Euro", "Euro"), Noun("Cent", "Cent")),
        "$": Currency(Noun("Dollar", "Dollar"), Noun("Cent", "Cent")),
        "US$": Currency(Noun("Dollar", "Dollar"), Noun("Cent", "Cent")),
        "£": Currency(Noun("Pfund", "Pfund", "n"), Noun("Penny", "Pence")),
        "¥": Currency(Noun("Yen", "Yen")),
    },
    join_minor="und",
    scales={"Tausend": "Tausend", "Million": "Million", "Millionen": "Millionen",
            "Milliarde": "Milliarde", "Milliarden": "Milliarden", "Mio.": "Millionen",
            "Mrd.": "Milliarden"},
    abbreviations={
        "Hr.": "Herr", "Fr.": "Frau", "Dr.": "Doktor", "Prof.": "Professor", "St.": "Sankt",
        "z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt",
        "d.h.": "das heißt", "u. a.": "unter anderem", "u.a.": "unter anderem",
        "usw.": "und so weiter", "etc.": "et cetera", "bzw.": "beziehungsweise",
        "ca.": "circa", "evtl.": "eventuell", "ggf.": "gegebenenfalls", "Str.": "Straße",
        "vgl.": "vergleiche", "inkl.": "inklusive", "Tel.": "Telefon", "Mio.": "Millionen",
        "Mrd.": "Milliarden", "Jh.": "Jahrhundert", "v. Chr.": "vor Christus",
        "n. Chr.": "nach Christus", "vs.": "gegen", "Jr.": "Junior", "max.": "maximal",
        "Std.": "Stunden",
    },
    romans=Romans(
        before=frozenset("kapitel band teil akt phase titel typ weltkrieg".split()),
        ordinals_before={**dict.fromkeys(KINGS.split(), "m"),
                         **dict.fromkeys(QUEENS.split(), "f")},
        article="der",
        suffix=r"\.",
    ),
    fractions={"½": "ein halb", "1/2": "ein halb", "¼": "ein Viertel", "1/4": "ein Viertel",
               "¾": "drei Viertel", "3/4": "drei Viertel", "1/3": "ein Drittel",
               "2/3": "zwei Drittel"},
    feminine_endings=("e", "ung", "heit", "keit", "schaft", "tion", "tät", "nacht", "stadt",
                      "frau", "person", "million", "hand", "uhrzeit"),
    masculine_in_a=frozenset("kunde junge name buchstabe gedanke ende auge löwe franzose".split()),
    counted="m",
    capital_nouns=True,
    year_after=frozenset("jahr jahre im von seit bis ab um vor nach".split()),
)  # fmt: skip
