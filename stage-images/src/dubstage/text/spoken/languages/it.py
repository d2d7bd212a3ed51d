"""Italian."""

from __future__ import annotations

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Romans, Table, Times, Web

KINGS = (
    "luigi carlo vittorio emanuele umberto enrico giovanni paolo pio benedetto francesco "
    "giorgio edoardo napoleone alessandro nicola gregorio leone papa re guglielmo filippo"
)
QUEENS = "elisabetta isabella caterina maria cristina anna vittoria giovanna regina"  # fmt: skip
TABLE = Table(
    cldr="it",
    point_decimals=False,
    point="virgola",
    minus="meno",
    of="di",
    to=" a ",
    percent="per cento",
    signs={"&": "e", "+": "più", "=": "uguale a", "×": "per", "÷": "diviso"},
    number_sign="numero",
    numerals=Numerals(
        genders={"u": "cardinal-masculine", "f": "cardinal-feminine"},
        ordinals={"m": "ordinal-masculine", "f": "ordinal-feminine"},
    ),
    dates=Dates(
        "dmy",
        ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
         "settembre", "ottobre", "novembre", "dicembre"),
        "{day} {month} {year}",
        (1,),
    ),
    times=Times("{hour} e {minute}", "{hour} in punto", letter="h", second=Noun("secondo",
              "secondi", "u"), join_seconds=" e ", exact="{hour}", dot_before="ore|alle|dalle",
              dot_after=r"\s?(?:h|ore)\b"),
    web=Web("punto", "barra", "chiocciola", "trattino"),
    ordinal=r"(\d{1,3})\.?([ºª°])(?!\w)",
    feminine="ª",
    units={
        "km/h": Noun("chilometro all'ora", "chilometri all'ora", "u"),
        "km²": Noun("chilometro quadrato", "chilometri quadrati", "u"),
        "m²": Noun("metro quadrato", "metri quadrati", "u"),
        "m³": Noun("metro cubo", "metri cubi", "u"),
        "km": Noun("chilometro", "chilometri", "u"), "cm": Noun("centimetro", "centimetri", "u"),
        "mm": Noun("millimetro", "millimetri", "u"), "m": Noun("metro", "metri", "u"),
        "ha": Noun("ettaro", "ettari", "u"), "kg": Noun("chilo", "chili", "u"),
        "mg": Noun("milligrammo", "milligrammi", "u"), "g": Noun("grammo", "grammi", "u"),
        "ml": Noun("millilitro", "millilitri", "u"), "l": Noun("litro", "litri", "u"),
        "L": Noun("litro", "litri", "u"), "°C": Noun("grado Celsius", "gradi Celsius", "u"),
        "°F": Noun("grado Fahrenheit", "gradi Fahrenheit", "u"), "°": Noun("grado", "gradi", "u"),
        "MB": Noun("megabyte", "megabyte", "u"), "GB": Noun("gigabyte", "gigabyte", "u"),
        "TB": Noun("terabyte", "terabyte", "u"), "Hz": Noun("hertz", "hertz", "u"),
        "kWh": Noun("chilowattora", "chilowattora", "u"),
        "kW": Noun("chilowatt", "chilowatt", "u"), "W": Noun("watt", "watt", "u"),
        "V": Noun("volt", "volt", "u"), "min": Noun("minuto", "minuti", "u"),
        "s": Noun("secondo", "secondi", "u"), "h": Noun("ora", "ore", "f"),
    },
    currencies={
        "€": Currency(Noun("euro", "euro", "u"), Noun("centesimo", "centesimi", "u")),
        "$": Currency(Noun("dollaro", "dollari", "u"), Noun("centesimo", "centesimi", "u")),
        "US$": Currency(Noun("dollaro", "dollari", "u"), Noun("centesimo", "centesimi", "u")),
        "£": Currency(Noun("sterlina", "sterline", "f"), Noun("penny", "pence", "u")),
        "¥": Currency(Noun("yen", "yen", "u")),
        "CHF": Currency(Noun("franco svizzero", "franchi svizzeri", "u"), Noun("centesimo",
        "centesimi", "u")),
        "₹": Currency(Noun("rupia", "rupie", "f")),
        "₩": Currency(Noun("won", "won", "u")),
        "R$": Currency(Noun("real", "real", "u")),
    },
    per="{amount} per {unit}",
    join_minor="e",
    scales={"M": "milioni di", "mila": "mila", "milione": "milione di", "milioni": "milioni di",
            "miliardo": "miliardo di", "miliardi": "miliardi di", "mln": "milioni di"},
    abbreviations={
        "Sig.": "signor", "Sig.ra": "signora", "Sig.na": "signorina", "Dott.": "dottor",
        "Dott.ssa": "dottoressa", "Dr.": "dottor", "Prof.": "professor", "Ing.": "ingegner",
        "Avv.": "avvocato", "ecc.": "eccetera", "p. es.": "per esempio", "p.es.": "per esempio",
        "pag.": "pagina", "tel.": "telefono", "ca.": "circa", "S.": "San",
        "a.C.": "avanti Cristo", "d.C.": "dopo Cristo", "n.": "numero",
    },
    romans=Romans(
        before=frozenset("capitolo tomo parte volume guerra atto fase titolo tipo".split()),
        ordinals_before={**dict.fromkeys(KINGS.split(), "m"),
                         **dict.fromkeys(QUEENS.split(), "f")},
        after={"guerra": "f", "repubblica": "f", "congresso": "m", "millennio": "m", "secolo": "m",
               "edizione": "f", "anniversario": "m", "legislatura": "f"},
    ),
    space_groups=True,
    by="per",
    multiples=Noun("volta", "volte", "f"),
    magnitudes={"M": ("milione", "milioni")},
    feet=Noun("piede", "piedi", "u"),
    inches=Noun("pollice", "pollici", "u"),
    join_inches="e",
    number_marks=r"\b[Nn]\.?[º°]|\b[Nn]r?\.",
    section=("paragrafo", "paragrafi"),
    halves={"f": "mezza"},
    and_fraction=" e ",
    and_half={"f": "mezza", "m": "mezzo"},
    fractions={"½": "mezzo", "1/2": "mezzo", "¼": "un quarto", "1/4": "un quarto",
               "¾": "tre quarti", "3/4": "tre quarti", "1/3": "un terzo", "2/3": "due terzi"},
    masculine_in_a=frozenset(
        "problema programma sistema tema clima pianeta poema a da la una alla della".split()
    ),
    masculine_endings=("ista",),
    feminine_nouns=frozenset("mano notte parte voce volta lista vista pista rivista foto "
    "moto".split()),
    feminine_endings=("a", "zione", "sione", "tà", "trice", "notte", "parte", "voce", "ore"),
    counted="u",
)  # fmt: skip
