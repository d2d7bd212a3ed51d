"""Catalan."""

from __future__ import annotations

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Romans, Table, Times, Web

KINGS = (
    "felip carles alfons ferran lluís enric joan pau pius benet francesc jordi eduard "
    "jaume pere napoleó alexandre nicolau gregori lleó sanç ramir papa rei guillem martí"
)
QUEENS = "isabel caterina maria cristina anna victòria joana margarida reina"  # fmt: skip
TABLE = Table(
    cldr="ca",
    point_decimals=False,
    point="coma",
    minus="menys",
    of="de",
    to=" a ",
    percent="per cent",
    signs={"&": "i", "+": "més", "=": "igual a", "×": "per", "÷": "entre"},
    number_sign="número",
    numerals=Numerals(
        plain="numbering-cents",
        genders={"m": "cardinal-masculine-cents", "f": "cardinal-feminine-cents"},
        corrections={"-cent ": "-cents "},
        feminine={"dos-cents": "dues-centes", "cents": "centes"},
        ordinals={"m": "ordinal-masculine", "f": "ordinal-feminine"},
        year="numbering-cents",
    ),
    dates=Dates(
        "dmy",
        ("de gener", "de febrer", "de març", "d'abril", "de maig", "de juny", "de juliol",
         "d'agost", "de setembre", "d'octubre", "de novembre", "de desembre"),
        "{day} {month} de {year}",
        (1,),
    ),
    times=Times("{hour} i {minute}", "{hour} en punt", gender="f", letter="h",
              second=Noun("segon", "segons"), join_seconds=" i ", exact="{hour} hores",
              dot_before="a les", dot_after=r"\s?(?:h|hores)\b"),
    web=Web("punt", "barra", "arrova", "guionet"),
    ordinal=r"(\d{1,2})(r|n|t|è|a|ª|º)(?!\w)",
    feminine="[aª]",
    units={
        "km/h": Noun("quilòmetre per hora", "quilòmetres per hora"),
        "km²": Noun("quilòmetre quadrat", "quilòmetres quadrats"),
        "m²": Noun("metre quadrat", "metres quadrats"),
        "m³": Noun("metre cúbic", "metres cúbics"),
        "km": Noun("quilòmetre", "quilòmetres"), "cm": Noun("centímetre", "centímetres"),
        "mm": Noun("mil·límetre", "mil·límetres"), "m": Noun("metre", "metres"),
        "ha": Noun("hectàrea", "hectàrees", "f"), "kg": Noun("quilo", "quilos"),
        "mg": Noun("mil·ligram", "mil·ligrams"), "g": Noun("gram", "grams"),
        "ml": Noun("mil·lilitre", "mil·lilitres"), "l": Noun("litre", "litres"),
        "L": Noun("litre", "litres"), "°C": Noun("grau centígrad", "graus centígrads"),
        "ºC": Noun("grau centígrad", "graus centígrads"),
        "°F": Noun("grau Fahrenheit", "graus Fahrenheit"), "°": Noun("grau", "graus"),
        "MB": Noun("megabyte", "megabytes"), "GB": Noun("gigabyte", "gigabytes"),
        "TB": Noun("terabyte", "terabytes"), "Hz": Noun("hertz", "hertzs"),
        "kWh": Noun("quilowatt hora", "quilowatts hora"), "kW": Noun("quilowatt", "quilowatts"),
        "W": Noun("watt", "watts"), "V": Noun("volt", "volts"),
        "min": Noun("minut", "minuts"), "s": Noun("segon", "segons"),
        "h": Noun("hora", "hores", "f"),
    },
    currencies={
        "€": Currency(Noun("euro", "euros"), Noun("cèntim", "cèntims")),
        "$": Currency(Noun("dòlar", "dòlars"), Noun("centau", "centaus")),
        "US$": Currency(Noun("dòlar", "dòlars"), Noun("centau", "centaus")),
        "£": Currency(Noun("lliura", "lliures", "f"), Noun("penic", "penics")),
        "¥": Currency(Noun("ien", "iens")),
        "CHF": Currency(Noun("franc suís", "francs suïssos"), Noun("cèntim", "cèntims")),
        "₹": Currency(Noun("rupia", "rupies", "f")),
        "₩": Currency(Noun("won", "wons")),
        "R$": Currency(Noun("real", "reals")),
    },
    per="{amount} per {unit}",
    join_minor="amb",
    scales={"mil": "mil", "milió": "milió de", "milions": "milions de", "M": "milions de"},
    abbreviations={
        "St.": "Sant", "Sta.": "Santa", "Sr.": "senyor", "Sra.": "senyora", "Srs.": "senyors",
        "Dr.": "doctor",
        "Dra.": "doctora", "etc.": "etcètera", "p. ex.": "per exemple", "p.ex.": "per exemple",
        "EUA": "Estats Units", "EE. UU.": "Estats Units", "av.": "avinguda", "Av.": "avinguda",
        "pàg.": "pàgina", "aprox.": "aproximadament", "tel.": "telèfon", "c.": "carrer",
        "a. C.": "abans de Crist", "d. C.": "després de Crist", "núm.": "número",
    },
    romans=Romans(
        before=frozenset("segle capítol tom part volum guerra acte fase títol tipus".split()),
        ordinals_before={**dict.fromkeys(KINGS.split(), "m"),
                         **dict.fromkeys(QUEENS.split(), "f")},
        ordinals_up_to=10,
        after={
            **dict.fromkeys("guerra república edició cimera biennal fira legislatura".split(), "f"),
            **dict.fromkeys("congrés certamen aniversari mil·lenni centenari".split(), "m"),
        },
    ),
    space_groups=True,
    by="per",
    multiples=Noun("vegada", "vegades", "f"),
    magnitudes={"M": ("milió", "milions")},
    feet=Noun("peu", "peus"),
    inches=Noun("polzada", "polzades", "f"),
    join_inches="i",
    number_marks=r"\b[Nn]\.?[º°]|\bNo\.|\b[Nn]r\.|\b[Nn]úm\.",
    section=("paràgraf", "paràgrafs"),
    halves={"f": "mitja"},
    and_fraction=" i ",
    and_half={"f": "mitja", "m": "mig"},
    fractions={"½": "mig", "1/2": "mig", "¼": "un quart", "1/4": "un quart",
               "¾": "tres quarts", "3/4": "tres quarts", "1/3": "un terç", "2/3": "dos terços"},
    masculine_in_a=frozenset(
        "dia dies problema problemes programa programes sistema sistemes tema temes mapa mapes "
        "idioma idiomes planeta planetes poema poemes clima a per cada homes metges pares "
        "quilòmetres metres litres nombres".split()
    ),
    masculine_endings=("istes", "ista"),
    feminine_nouns=frozenset(
        "pàgines noies nenes nines filles mares germanes àvies ties tasses culleres cullerades "
        "copes "
        "nit nits mà mans part parts veu veus llengües paraules lliures milles cançons tardes "
        "escoles "
        "empreses botigues taules illes muntanyes foto fotos moto motos obres preguntes respostes "
        "històries visites vistes llistes pistes revistes entrevistes peces dècades plantes unces "
        "lletres línies flor flors clau claus llum torres sèries frases classes bases fases "
        "mesures "
        "ampolles pomes patates cebes ciutats hectàrees vaques ovelles gallines voltes jugadores "
        "imatge imatges".split()
    ),
    thousand_agrees=True,
    feminine_endings=("a", "ció", "cions", "sions", "tat", "tats", "vegades", "persones",
                      "hores", "setmanes", "dones", "cases", "cadires"),
    counted="m",
)  # fmt: skip
