"""Russian: numbers, dates and signs; nouns after numbers are not inflected."""

from __future__ import annotations

from dubstage.text.spoken.table import Dates, Numerals, Table, Times, Web

TABLE = Table(
    cldr="ru",
    point_decimals=False,
    point="запятая",
    space_groups=True,
    minus="минус",
    to=" — ",
    percent="процентов",
    signs={"&": "и", "+": "плюс", "=": "равно"},
    number_sign="номер",
    numerals=Numerals(),
    dates=Dates(
        "dmy",
        ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
         "октября", "ноября", "декабря"),
        "{day} {month} {year}",
    ),
    times=Times("{hour} {minute}", "{hour} ноль ноль"),
    web=Web("точка", "косая черта", "собака", "дефис"),
)  # fmt: skip
