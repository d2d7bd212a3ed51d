"""Portuguese, as in Brazil; :data:`EUROPEAN` for Portugal."""

from __future__ import annotations

from dataclasses import replace

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Romans, Table, Times, Web

KINGS = (
    "pedro joão luís carlos filipe henrique afonso josé manuel miguel paulo pio bento "
    "francisco jorge eduardo napoleão alexandre nicolau gregório leão papa rei guilherme"
)
QUEENS = "isabel elizabeth catarina maria cristina ana vitória joana margarida rainha"  # fmt: skip
CENT = Noun("centavo", "centavos")
BRAZILIAN = Table(
    cldr="pt",
    point_decimals=False,
    point="vírgula",
    minus="menos",
    of="de",
    to=" a ",
    percent="por cento",
    signs={"&": "e", "+": "mais", "=": "igual a", "×": "vezes", "÷": "dividido por"},
    number_sign="número",
    numerals=Numerals(
        genders={"m": "cardinal-masculine", "f": "cardinal-feminine"},
        ordinals={"m": "ordinal-masculine", "f": "ordinal-feminine"},
    ),
    dates=Dates(
        "dmy",
        ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto",
         "setembro", "outubro", "novembro", "dezembro"),
        "{day} de {month} de {year}",
        (1,),
    ),
    times=Times("{hour} e {minute}", "{hour} em ponto", gender="f", letter="h",
              second=Noun("segundo", "segundos"), join_seconds=" com ", exact="{hour} horas",
              dot_before="às", dot_after=r"\s?(?:h|horas)\b"),
    web=Web("ponto", "barra", "arroba", "hífen"),
    ordinal=r"(\d{1,3})\.?([ºª°])(?!\w)",
    feminine="ª",
    units={
        "km/h": Noun("quilômetro por hora", "quilômetros por hora"),
        "m/s": Noun("metro por segundo", "metros por segundo"),
        "km²": Noun("quilômetro quadrado", "quilômetros quadrados"),
        "m²": Noun("metro quadrado", "metros quadrados"),
        "m³": Noun("metro cúbico", "metros cúbicos"),
        "km": Noun("quilômetro", "quilômetros"), "cm": Noun("centímetro", "centímetros"),
        "mm": Noun("milímetro", "milímetros"), "m": Noun("metro", "metros"),
        "ha": Noun("hectare", "hectares"), "kg": Noun("quilo", "quilos"),
        "mg": Noun("miligrama", "miligramas"), "g": Noun("grama", "gramas"),
        "ml": Noun("mililitro", "mililitros"), "l": Noun("litro", "litros"),
        "L": Noun("litro", "litros"), "°C": Noun("grau Celsius", "graus Celsius"),
        "ºC": Noun("grau Celsius", "graus Celsius"),
        "°F": Noun("grau Fahrenheit", "graus Fahrenheit"), "°": Noun("grau", "graus"),
        "MB": Noun("megabyte", "megabytes"), "GB": Noun("gigabyte", "gigabytes"),
        "TB": Noun("terabyte", "terabytes"), "Hz": Noun("hertz", "hertz"),
        "kWh": Noun("quilowatt-hora", "quilowatts-hora"), "kW": Noun("quilowatt", "quilowatts"),
        "W": Noun("watt", "watts"), "V": Noun("volt", "volts"),
        "min": Noun("minuto", "minutos"), "s": Noun("segundo", "segundos"),
        "h": Noun("hora", "horas", "f"),
    },
    currencies={
        "R$": Currency(Noun("real", "reais"), CENT),
        "€": Currency(Noun("euro", "euros"), CENT),
        "$": Currency(Noun("dólar", "dólares"), CENT),
        "US$": Currency(Noun("dólar", "dólares"), CENT),
        "£": Currency(Noun("libra", "libras", "f"), Noun("pêni", "pence")),
        "¥": Currency(Noun("iene", "ienes")),
        "CHF": Currency(Noun("franco suíço", "francos suíços"), Noun("cêntimo", "cêntimos")),
        "₹": Currency(Noun("rupia", "rupias", "f")),
        "₩": Currency(Noun("won", "wons")),
    },
    per="{amount} por {unit}",
    join_minor="e",
    scales={"M": "milhões de", "mil": "mil", "milhão": "milhão de", "milhões": "milhões de",
            "bilhão": "bilhão de", "bilhões": "bilhões de", "mi": "milhões de"},
    abbreviations={
        "Sta.": "Santa", "Sto.": "Santo", "Sr.": "senhor", "Sra.": "senhora", "Srta.": "senhorita",
        "Dr.": "doutor",
        "Dra.": "doutora", "D.": "dom", "etc.": "etcétera", "p. ex.": "por exemplo",
        "p.ex.": "por exemplo", "EUA": "Estados Unidos", "av.": "avenida", "Av.": "avenida",
        "pág.": "página", "aprox.": "aproximadamente", "tel.": "telefone", "Prof.": "professor",
        "Profa.": "professora", "a.C.": "antes de Cristo", "d.C.": "depois de Cristo",
        "R.": "rua",
    },
    romans=Romans(
        before=frozenset("capítulo tomo parte volume guerra ato fase título tipo".split()),
        ordinals_before={**dict.fromkeys(f"século {KINGS}".split(), "m"),
                         **dict.fromkeys(QUEENS.split(), "f")},
        ordinals_up_to=10,
        after={
            **dict.fromkeys("guerra república edição cúpula bienal feira legislatura".split(), "f"),
            **dict.fromkeys("congresso certame aniversário milênio milénio centenário".split(),
              "m"),
        },
    ),
    space_groups=True,
    by="por",
    multiples=Noun("vez", "vezes", "f"),
    magnitudes={"M": ("milhão", "milhões")},
    feet=Noun("pé", "pés"),
    inches=Noun("polegada", "polegadas", "f"),
    join_inches="e",
    number_marks=r"\b[Nn]\.?[º°]|\bNo\.|\b[Nn]r\.|\b[Nn]úm\.",
    section=("parágrafo", "parágrafos"),
    halves={"f": "meia"},
    and_fraction=" e ",
    and_half={"f": "meia", "m": "meio"},
    fractions={"½": "meio", "1/2": "meio", "¼": "um quarto", "1/4": "um quarto",
               "¾": "três quartos", "3/4": "três quartos", "1/3": "um terço",
               "2/3": "dois terços"},
    masculine_in_a=frozenset(
        "dia dias problema problemas programa programas sistema sistemas tema temas mapa mapas "
        "idioma idiomas planeta planetas poema poemas clima gramas grama a para contra cada "
        "miligramas miligrama".split()
    ),
    masculine_endings=("istas", "ista"),
    feminine_nouns=frozenset(
        "mulher mulheres noite noites tarde tardes mão mãos flor flores parte partes luz luzes voz "
        "vozes lei leis nuvem nuvens foto fotos moto motos viagem viagens imagem imagens mensagem "
        "mensagens garagem garagens página classe classes frase frases fase fases base bases torre "
        "torres série séries lista listas pista pistas vista vistas revista revistas entrevista "
        "entrevistas conquista conquistas vez vezes cruz cruzes chave chaves ordem ordens".split()
    ),
    thousand_agrees=True,
    feminine_endings=("a", "as", "ção", "ções", "sões", "dade", "dades", "vez", "vezes"),
    counted="m",
)  # fmt: skip
EUROPEAN = replace(
    BRAZILIAN,
    cldr="pt_PT",
    currencies={**BRAZILIAN.currencies, "€": Currency(
        Noun("euro", "euros"), Noun("cêntimo", "cêntimos")
    )},
    units={sign: replace(noun, one=noun.one.replace("quilôm", "quilóm"),
                         many=noun.many.replace("quilôm", "quilóm"))
           for sign, noun in BRAZILIAN.units.items()},
)  # fmt: skip
