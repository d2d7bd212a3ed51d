"""English, as in the United States; :data:`BRITISH` for the other regions."""

from __future__ import annotations

from dataclasses import replace

from dubstage.text.spoken.table import (
    Currency,
    Dates,
    Noun,
    Numerals,
    Romans,
    Table,
    Times,
    Web,
)

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
CENT = Noun("cent", "cents")
NAMES = (
    "henry louis elizabeth charles george edward james william richard pope benedict john paul "
    "pius leo francis philip alexander nicholas catherine frederick wilhelm napoleon ferdinand "
    "peter ivan mary gregory innocent clement urban julius sixtus ramses ptolemy"
)
AMERICAN = Table(
    cldr="en",
    point_decimals=True,
    point="point",
    single_decimals=True,
    minus="minus",
    to=" to ",
    percent="percent",
    signs={"&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by"},
    number_sign="number",
    numerals=Numerals(
        plain="numbering", ordinals={"m": "ordinal"}, year="numbering-year"
    ),
    dates=Dates("mdy", MONTHS, "{month} {day}, {year}", tuple(range(1, 32))),
    times=Times("{hour} {minute}", "{hour} o'clock", zero="oh", mark="", second=Noun("second",
              "seconds"), join_seconds=" and ", dot_after=r"\s?[ap]\.?m\b", exact="{hour} o'clock"),
    web=Web("dot", "slash", "at", "dash"),
    ordinal=r"(\d{1,4})(?:st|nd|rd|th)\b",
    units={
        "km/h": Noun("kilometer per hour", "kilometers per hour"),
        "mph": Noun("mile per hour", "miles per hour"),
        "m/s": Noun("meter per second", "meters per second"),
        "km²": Noun("square kilometer", "square kilometers"),
        "m²": Noun("square meter", "square meters"),
        "m³": Noun("cubic meter", "cubic meters"),
        "km": Noun("kilometer", "kilometers"), "cm": Noun("centimeter", "centimeters"),
        "mm": Noun("millimeter", "millimeters"), "m": Noun("meter", "meters"),
        "mi": Noun("mile", "miles"), "ft": Noun("foot", "feet"), "yd": Noun("yard", "yards"),
        "kg": Noun("kilogram", "kilograms"), "mg": Noun("milligram", "milligrams"),
        "g": Noun("gram", "grams"), "lb": Noun("pound", "pounds"), "lbs": Noun("pound", "pounds"),
        "oz": Noun("ounce", "ounces"), "ml": Noun("milliliter", "milliliters"),
        "l": Noun("liter", "liters"), "L": Noun("liter", "liters"),
        "°C": Noun("degree Celsius", "degrees Celsius"),
        "°F": Noun("degree Fahrenheit", "degrees Fahrenheit"), "°": Noun("degree", "degrees"),
        "kB": Noun("kilobyte", "kilobytes"), "MB": Noun("megabyte", "megabytes"),
        "GB": Noun("gigabyte", "gigabytes"), "TB": Noun("terabyte", "terabytes"),
        "Hz": Noun("hertz", "hertz"), "kHz": Noun("kilohertz", "kilohertz"),
        "MHz": Noun("megahertz", "megahertz"), "GHz": Noun("gigahertz", "gigahertz"),
        "kWh": Noun("kilowatt hour", "kilowatt hours"), "kW": Noun("kilowatt", "kilowatts"),
        "MW": Noun("megawatt", "megawatts"), "W": Noun("watt", "watts"),
        "V": Noun("volt", "volts"), "ms": Noun("millisecond", "milliseconds"),
        "min": Noun("minute", "minutes"), "hrs": Noun("hour", "hours"),
        "h": Noun("hour", "hours"), "hr": Noun("hour", "hours"),
    },
    currencies={
        "$": Currency(Noun("dollar", "dollars"), CENT),
        "US$": Currency(Noun("US dollar", "US dollars"), CENT),
        "€": Currency(Noun("euro", "euros"), CENT),
        "£": Currency(Noun("pound", "pounds"), Noun("penny", "pence")),
        "¥": Currency(Noun("yen", "yen")),
        "₩": Currency(Noun("won", "won")),
        "₹": Currency(Noun("rupee", "rupees")),
        "CHF": Currency(Noun("Swiss franc", "Swiss francs"), Noun("centime", "centimes")),
        "R$": Currency(Noun("real", "reais")),
    },
    per="{amount} per {unit}",
    join_minor="and",
    scales={
        "thousand": "thousand", "million": "million", "billion": "billion",
        "trillion": "trillion", "k": "thousand", "K": "thousand", "M": "million", "m": "million",
        "bn": "billion", "B": "billion",
    },
    abbreviations={
        "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Dr.": "Doctor", "Prof.": "Professor",
        "Jr.": "Junior", "Sr.": "Senior", "Capt.": "Captain", "Gen.": "General",
        "Sgt.": "Sergeant", "Lt.": "Lieutenant", "Col.": "Colonel", "vs.": "versus",
        "etc.": "et cetera", "e.g.": "for example", "i.e.": "that is", "approx.": "approximately",
        "Ave.": "Avenue", "Blvd.": "Boulevard", "Inc.": "Incorporated",
        "Rd.": "Road", "Ltd.": "Limited", "Mt.": "Mount", "Ft.": "Fort",
        "pp.": "pages", "Vol.": "Volume", "dept.": "department",
        "a.m.": "A M", "p.m.": "P M", "w/o": "without",
    },
    romans=Romans(
        before=frozenset(
            "war chapter part volume vol act phase type bowl episode section article title class "
            "level rocky book scene stage appendix".split()
        ),
        ordinals_before=dict.fromkeys(NAMES.split(), "m"),
        article="the",
        after={"world": "m"},
    ),
    by="by",
    multiples=Noun("time", "times"),
    magnitudes={"M": ("million", "million"),
                "bn": ("billion", "billion"), "B": ("billion", "billion")},
    feet=Noun("foot", "foot"),
    section=("section", "sections"),
    fractions={"½": "one half", "¼": "one quarter", "¾": "three quarters", "1/2": "one half",
               "1/4": "one quarter", "3/4": "three quarters", "1/3": "one third",
               "2/3": "two thirds"},
    year_after=frozenset(
        "in since by of from until till after before during year around circa to and".split()
    ) | frozenset(month.lower() for month in MONTHS),
)  # fmt: skip
BRITISH = replace(
    AMERICAN,
    dates=Dates("dmy", MONTHS, "the {day} of {month} {year}", tuple(range(1, 32))),
)
