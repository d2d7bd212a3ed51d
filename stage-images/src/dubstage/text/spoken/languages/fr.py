"""French."""

from __future__ import annotations

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Romans, Table, Times, Web

KINGS = (
    "louis charles philippe henri françois jean paul pie benoît georges édouard jacques "
    "napoléon alexandre nicolas grégoire léon pape roi guillaume robert"
)
QUEENS = "élisabeth catherine marie christine anne victoria jeanne marguerite reine"  # fmt: skip
TABLE = Table(
    cldr="fr",
    point_decimals=False,
    point="virgule",
    space_groups=True,
    minus="moins",
    of="de",
    to=" à ",
    percent="pour cent",
    signs={"&": "et", "+": "plus", "=": "égale", "×": "fois", "÷": "divisé par"},
    number_sign="numéro",
    numerals=Numerals(
        genders={"m": "cardinal-masculine", "f": "cardinal-feminine"},
        ordinals={"m": "ordinal-masculine", "f": "ordinal-feminine"},
    ),
    dates=Dates(
        "dmy",
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
         "octobre", "novembre", "décembre"),
        "{day} {month} {year}",
        (1,),
    ),
    times=Times(
        "{hour} {hours} {minute}", "{hour} {hours}", Noun("heure", "heures", "f"), gender="f",
        letter="h", second=Noun("seconde", "secondes", "f"), join_seconds=" et ",
        dot_after=r"\s?h\b"),
    web=Web("point", "slash", "arobase", "tiret"),
    ordinal=r"(\d{1,4})(er|ers|ère|ères|re|res|e|es|ème|èmes)(?!\w)",
    feminine="ère|ères|re|res",
    units={
        "km/h": Noun("kilomètre à l'heure", "kilomètres à l'heure"),
        "m/s": Noun("mètre par seconde", "mètres par seconde"),
        "km²": Noun("kilomètre carré", "kilomètres carrés"),
        "m²": Noun("mètre carré", "mètres carrés"), "m³": Noun("mètre cube", "mètres cubes"),
        "km": Noun("kilomètre", "kilomètres"), "cm": Noun("centimètre", "centimètres"),
        "mm": Noun("millimètre", "millimètres"), "m": Noun("mètre", "mètres"),
        "ha": Noun("hectare", "hectares"), "kg": Noun("kilo", "kilos"),
        "mg": Noun("milligramme", "milligrammes"), "g": Noun("gramme", "grammes"),
        "ml": Noun("millilitre", "millilitres"), "l": Noun("litre", "litres"),
        "L": Noun("litre", "litres"), "°C": Noun("degré Celsius", "degrés Celsius"),
        "°F": Noun("degré Fahrenheit", "degrés Fahrenheit"), "°": Noun("degré", "degrés"),
        "Mo": Noun("mégaoctet", "mégaoctets"), "Go": Noun("gigaoctet", "gigaoctets"),
        "To": Noun("téraoctet", "téraoctets"), "MB": Noun("mégaoctet", "mégaoctets"),
        "GB": Noun("gigaoctet", "gigaoctets"), "Hz": Noun("hertz", "hertz"),
        "kWh": Noun("kilowattheure", "kilowattheures"), "kW": Noun("kilowatt", "kilowatts"),
        "W": Noun("watt", "watts"), "V": Noun("volt", "volts"),
        "min": Noun("minute", "minutes", "f"), "s": Noun("seconde", "secondes", "f"),
        "h": Noun("heure", "heures", "f"),
    },
    currencies={
        "€": Currency(Noun("euro", "euros"), Noun("centime", "centimes")),
        "$": Currency(Noun("dollar", "dollars"), Noun("cent", "cents")),
        "US$": Currency(Noun("dollar", "dollars"), Noun("cent", "cents")),
        "£": Currency(Noun("livre", "livres", "f"), Noun("penny", "pence")),
        "¥": Currency(Noun("yen", "yens")),
        "CHF": Currency(Noun("franc suisse", "francs suisses"), Noun("centime", "centimes")),
        "₹": Currency(Noun("roupie", "roupies", "f")),
        "₩": Currency(Noun("won", "wons")),
        "R$": Currency(Noun("réal", "réaux")),
    },
    per="{amount} par {unit}",
    join_minor="et",
    scales={"M": "millions de", "mille": "mille", "million": "million de",
            "millions": "millions de",
            "milliard": "milliard de", "milliards": "milliards de", "Md": "milliards de",
            "Mds": "milliards de"},
    abbreviations={
        "M.": "monsieur", "Mme": "madame", "Mlle": "mademoiselle", "MM.": "messieurs",
        "Dr": "docteur", "Dr.": "docteur", "Pr": "professeur", "St.": "Saint", "Ste.": "Sainte",
        "Mme.": "madame", "Mlle.": "mademoiselle", "St": "saint", "Ste": "sainte",
        "etc.": "et cetera", "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire",
        "av.": "avenue", "bd": "boulevard", "env.": "environ", "tél.": "téléphone",
        "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ",
    },
    romans=Romans(
        before=frozenset(
            "chapitre tome partie volume guerre acte phase titre type mondiale".split()
        ),
        ordinals_before={**dict.fromkeys(KINGS.split(), "m"),
                         **dict.fromkeys(QUEENS.split(), "f")},
        ordinals_up_to=1,
        suffix="er|ère|re|e|ème",
    ),
    by="par",
    multiples=Noun("fois", "fois", "f"),
    magnitudes={"M": ("million", "millions"),
                "Md": ("milliard", "milliards"), "Mds": ("milliard", "milliards")},
    feet=Noun("pied", "pieds"),
    inches=Noun("pouce", "pouces"),
    number_marks=r"\b[Nn]\.?[º°]|\bN[oᵒ]\.?|\bno\.|\b[Nn]r\.",
    section=("paragraphe", "paragraphes"),
    halves={"f": "une demi"},
    and_fraction=" et ",
    and_half={"f": "demie", "m": "demi"},
    fractions={"½": "un demi", "1/2": "un demi", "¼": "un quart", "1/4": "un quart",
               "¾": "trois quarts", "3/4": "trois quarts", "1/3": "un tiers",
               "2/3": "deux tiers"},
    feminine_nouns=frozenset("tasse tasses cuillère cuillères main mains".split()),
    feminine_endings=(
        "heure", "heures", "minute", "minutes", "seconde", "secondes", "semaine", "semaines",
        "année", "années", "fois", "personne", "personnes", "femme", "femmes", "fille", "filles",
        "nuit", "nuits", "page", "pages", "ville", "villes", "tion", "tions", "té", "tés",
        "chose", "choses", "voiture", "voitures", "maison", "maisons", "journée", "journées",
        "ence", "ance", "vie", "vies", "question", "questions", "livre", "livres",
    ),
    counted="m",
)  # fmt: skip
