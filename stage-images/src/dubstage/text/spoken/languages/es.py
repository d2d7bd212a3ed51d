"""Spanish."""

from __future__ import annotations

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Romans, Table, Times, Web

CENT = Noun("céntimo", "céntimos")
KINGS = (
    "felipe carlos alfonso fernando luis enrique juan pablo pío benedicto francisco jorge "
    "eduardo jaime pedro napoleón alejandro nicolás gregorio león sancho ramiro papa rey guillermo"
)
QUEENS = "isabel catalina maría cristina ana victoria juana margarita reina"  # fmt: skip
TABLE = Table(
    cldr="es",
    point_decimals=False,
    point="coma",
    minus="menos",
    of="de",
    to=" a ",
    percent="por ciento",
    signs={"&": "y", "+": "más", "=": "igual a", "×": "por", "÷": "entre"},
    number_sign="número",
    numerals=Numerals(
        genders={"m": "cardinal-masculine", "f": "cardinal-feminine"},
        ordinals={"m": "ordinal-masculine", "f": "ordinal-feminine",
                  "a": "ordinal-masculine-adjective"},
    ),
    dates=Dates(
        "dmy",
        ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
         "octubre", "noviembre", "diciembre"),
        "{day} de {month} de {year}",
        (1,),
    ),
    times=Times("{hour} y {minute}", "{hour} en punto", gender="f", letter="h",
              second=Noun("segundo", "segundos"), join_seconds=" con ", exact="{hour} horas",
              dot_before="a las", dot_after=r"\s?(?:h|hs|hrs|horas)\b"),
    web=Web("punto", "barra", "arroba", "guion"),
    ordinal=r"(\d{1,3})\.?(er|[rmvn]?[oa](?=\s)|[dt][oa]|[rn][oa]|[ºª°])(?!\w)",
    feminine="[ª]|.?a",
    units={
        "km/h": Noun("kilómetro por hora", "kilómetros por hora"),
        "m/s": Noun("metro por segundo", "metros por segundo"),
        "km²": Noun("kilómetro cuadrado", "kilómetros cuadrados"),
        "m²": Noun("metro cuadrado", "metros cuadrados"),
        "m³": Noun("metro cúbico", "metros cúbicos"),
        "km": Noun("kilómetro", "kilómetros"), "cm": Noun("centímetro", "centímetros"),
        "mm": Noun("milímetro", "milímetros"), "m": Noun("metro", "metros"),
        "ha": Noun("hectárea", "hectáreas", "f"), "kg": Noun("kilo", "kilos"),
        "mg": Noun("miligramo", "miligramos"), "g": Noun("gramo", "gramos"),
        "ml": Noun("mililitro", "mililitros"), "l": Noun("litro", "litros"),
        "L": Noun("litro", "litros"), "°C": Noun("grado centígrado", "grados centígrados"),
        "ºC": Noun("grado centígrado", "grados centígrados"),
        "°F": Noun("grado Fahrenheit", "grados Fahrenheit"), "°": Noun("grado", "grados"),
        "MB": Noun("megabyte", "megabytes"), "GB": Noun("gigabyte", "gigabytes"),
        "TB": Noun("terabyte", "terabytes"), "Hz": Noun("hercio", "hercios"),
        "kHz": Noun("kilohercio", "kilohercios"), "MHz": Noun("megahercio", "megahercios"),
        "kWh": Noun("kilovatio hora", "kilovatios hora"), "kW": Noun("kilovatio", "kilovatios"),
        "W": Noun("vatio", "vatios"), "V": Noun("voltio", "voltios"),
        "min": Noun("minuto", "minutos"), "s": Noun("segundo", "segundos"),
        "h": Noun("hora", "horas", "f"),
    },
    currencies={
        "€": Currency(Noun("euro", "euros"), CENT),
        "$": Currency(Noun("dólar", "dólares"), Noun("centavo", "centavos")),
        "US$": Currency(Noun("dólar", "dólares"), Noun("centavo", "centavos")),
        "£": Currency(Noun("libra", "libras", "f"), Noun("penique", "peniques")),
        "¥": Currency(Noun("yen", "yenes")),
        "CHF": Currency(Noun("franco suizo", "francos suizos"), Noun("céntimo", "céntimos")),
        "₹": Currency(Noun("rupia", "rupias", "f")),
        "₩": Currency(Noun("won", "wones")),
        "R$": Currency(Noun("real", "reales")),
    },
    other_currencies=dict.fromkeys(
        ("peso", "pesos"), Currency(Noun("peso", "pesos"), Noun("centavo", "centavos"))
    ),
    per="{amount} por {unit}",
    join_minor="con",
    scales={"mil": "mil", "millón": "millón de", "millones": "millones de",
            "billones": "billones de", "M": "millones de"},
    abbreviations={
        "Sta.": "Santa", "Sto.": "Santo", "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita",
        "Sres.": "señores",
        "Dr.": "doctor", "Dra.": "doctora", "D.": "don", "Dña.": "doña", "Ud.": "usted",
        "Uds.": "ustedes", "Vd.": "usted", "Vds.": "ustedes", "etc.": "etcétera",
        "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "EE. UU.": "Estados Unidos",
        "EE.UU.": "Estados Unidos", "av.": "avenida", "Av.": "avenida", "Avda.": "avenida",
        "pág.": "página", "págs.": "páginas", "aprox.": "aproximadamente", "tel.": "teléfono",
        "Prof.": "profesor", "Gral.": "general", "a. C.": "antes de Cristo",
        "d. C.": "después de Cristo", "a. m.": "de la mañana", "p. m.": "de la tarde",
        "a.m.": "de la mañana", "p.m.": "de la tarde",
    },
    romans=Romans(
        before=frozenset("capítulo tomo parte volumen guerra acto fase título tipo".split()),
        ordinals_before={**dict.fromkeys(f"siglo {KINGS}".split(), "m"),
                         **dict.fromkeys(QUEENS.split(), "f")},
        ordinals_up_to=10,
        after={
            **dict.fromkeys("guerra república edición cumbre bienal feria legislatura".split(),
              "f"),
            **dict.fromkeys("congreso certamen aniversario milenio centenario".split(), "m"),
        },
    ),
    space_groups=True,
    by="por",
    multiples=Noun("vez", "veces", "f"),
    magnitudes={"M": ("millón", "millones")},
    feet=Noun("pie", "pies"),
    inches=Noun("pulgada", "pulgadas", "f"),
    join_inches="y",
    number_marks=r"\b[Nn]\.?[º°]|\bNo\.|\b[Nn]r\.|\b[Nn]úm\.",
    section=("párrafo", "párrafos"),
    halves={"f": "media"},
    and_fraction=" y ",
    and_half={"f": "media", "m": "medio"},
    fractions={"½": "medio", "1/2": "medio", "¼": "un cuarto", "1/4": "un cuarto",
               "¾": "tres cuartos", "3/4": "tres cuartos", "1/3": "un tercio",
               "2/3": "dos tercios"},
    masculine_in_a=frozenset(
        "día días problema problemas programa programas sistema sistemas tema temas mapa mapas "
        "idioma idiomas planeta planetas poema poemas clima drama dramas a para hasta contra "
        "cada esa esta era".split()
    ),
    masculine_endings=("istas", "ista"),
    feminine_nouns=frozenset(
        "mujer mujeres noche noches tarde tardes calle calles clase clases parte partes ley leyes "
        "luz luces voz voces flor flores red redes nave naves llave llaves nube nubes mano manos "
        "foto fotos moto motos lista listas pista pistas vista vistas revista revistas entrevista "
        "entrevistas conquistas torre torres serie series fase fases base bases frase frases cruz "
        "cruces imagen imágenes orden órdenes".split()
    ),
    thousand_agrees=True,
    feminine_endings=("a", "as", "ción", "ciones", "siones", "dad", "dades", "veces", "vez"),
    counted="m",
)  # fmt: skip
