"""Text as it is said: a table per language, and what holds for every text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubstage.text.spoken import TABLES, in_words

EXAMPLES = {
    "en": [
        ("$5.99, $1.5 million, $0.99 and €20", "five dollars and ninety-nine cents, one point five "
         "million dollars, ninety-nine cents and twenty euros"),
        ("$1, $1.01, $5.00", "one dollar, one dollar and one cent, five dollars"),
        ("the 1st of May, the 23rd", "the first of May, the twenty-third"),
        ("On May 5, 2024.", "On May fifth, twenty twenty-four."),
        ("05/12/2024; 2024-05-12", "May twelfth, twenty twenty-four; May twelfth, twenty "
         "twenty-four"),
        ("12:30, 9:05, 3:00", "twelve thirty, nine oh five, three o'clock"),
        ("3:30 PM, 10am. At 5 p.m. today.", "three thirty P M, ten A M. At five P M today."),
        ("We met at 5 p.m. Then we left.", "We met at five P M. Then we left."),
        ("90km/h, 1 km, 20°C, -5°C", "ninety kilometers per hour, one kilometer, twenty degrees "
         "Celsius, minus five degrees Celsius"),
        ("10-20%, 50 %, 2½ and 1/2", "ten to twenty percent, fifty percent, two and one half and "
         "one half"),
        ("MP3, B2B, 3D and H2O", "M P three, B two B, three D and H two O"),
        ("COVID-19, covid19, 4K", "COVID nineteen, covid nineteen, four K"),
        ("Henry VIII, World War II, Rocky IV", "Henry the Eighth, World War two, Rocky four"),
        ("I think an IV and a CD MIX", "I think an IV and a CD MIX"),
        ("Charles I was king, in Part I", "Charles the First was king, in Part one"),
        ("See www.example.com/foo.", "See w w w dot example dot com slash foo."),
        ("bob@test.org", "bob at test dot org"),
        ("Dr. Smith vs. Mr. Jones, etc. He left.", "Doctor Smith versus Mister Jones, et cetera. "
         "He left."),
        ("the 1990s and the '90s", "the nineteen nineties and the nineties"),
        ("1984, since 2024, 2005 people", "nineteen eighty-four, since twenty twenty-four, two "
         "thousand five people"),
        ("3.142 of 1,234.56", "three point one four two of one thousand two hundred thirty-four "
         "point five six"),
        ("version 1.2.3, No. 5, #1", "version one dot two dot three, number five, number one"),
        ("USD 5 and 20 EUR by J. R. Smith", "five dollars and twenty euros by J. R. Smith"),
        ("AT&T, 2+2=4, 3-1", "AT and T, two plus two equals four, three one"),
        ("agent 007, +1 555-123-4567", "agent zero zero seven, one, five five five, one two three, "
         "four five six seven"),
        ("twenty-5 of 10-year-olds", "twenty-five of ten-year-olds"),
    ],
    "en-GB": [("05/12/2024", "the fifth of December twenty twenty-four")],
    "es": [
        ("5,99 €, 1.500 euros, $3 millones", "cinco euros con noventa y nueve céntimos, mil "
         "quinientos euros, tres millones de dólares"),
        ("1 €, 1 £ y 21 £", "un euro, una libra y veintiuna libras"),
        ("el 2º piso, la 3ª vez, el 1er día", "el segundo piso, la tercera vez, el primer día"),
        ("21 personas, 21 años, 200 personas, 21 y 22", "veintiuna personas, veintiún años, "
         "doscientas personas, veintiuno y veintidós"),
        ("el siglo XX, Felipe VI, Luis XIV", "el siglo veinte, Felipe sexto, Luis catorce"),
        ("Isabel II y Juan Pablo II", "Isabel segunda y Juan Pablo segundo"),
        ("El Sr. García, EE. UU.", "El señor García, Estados Unidos."),
        ("50 %, 3,5 km a 90 km/h, -5 °C", "cincuenta por ciento, tres coma cinco kilómetros a "
         "noventa kilómetros por hora, menos cinco grados centígrados"),
        ("12/05/2024 a las 12:30", "doce de mayo de dos mil veinticuatro a las doce y treinta"),
        ("el MP3 en www.ejemplo.es", "el M P tres en w w w punto ejemplo punto es"),
        ("la 1ra vez, el 2do y el 3er día", "la primera vez, el segundo y el tercer día"),
        ("J. D. Salinger y D. Pedro", "J. D. Salinger y don Pedro"),
        ("n.º 5, 10-20 km", "número cinco, diez a veinte kilómetros"),
    ],
    "es-MX": [("Cuesta $5.99", "Cuesta cinco dólares con noventa y nueve centavos")],
    "ca": [
        ("21 persones, 200 persones, 2 dies", "vint-i-una persones, dues-centes persones, dos "
         "dies"),
        ("el 25% de 3,5 km", "el vint-i-cinc per cent de tres coma cinc quilòmetres"),
        ("12/04/2024, segle XX, Jaume I", "dotze d'abril de dos mil vint-i-quatre, segle vint, "
         "Jaume primer"),
        ("el 1r i la 2a, 5 €", "el primer i la segona, cinc euros"),
        ("tinc 25 anys, Sr. Puig", "tinc vint-i-cinc anys, senyor Puig"),
        ("1.984 a les 12:30, MP3", "mil nou-cents vuitanta-quatre a les dotze i trenta, M P tres"),
    ],
    "pt": [
        ("R$ 5,99, 21 pessoas, 2 horas", "cinco reais e noventa e nove centavos, vinte e uma "
         "pessoas, duas horas"),
        ("2º andar, século XXI, D. Pedro II", "segundo andar, século vinte e um, dom Pedro "
         "segundo"),
        ("12h30, 12/05/2024, 50%", "doze e trinta, doze de maio de dois mil e vinte e quatro, "
         "cinquenta por cento"),
        ("16 km, a Sra. Silva, MP3", "dezesseis quilômetros, a senhora Silva, M P três"),
        ("www.exemplo.br", "w w w ponto exemplo ponto br"),
    ],
    "pt-PT": [("16 km, 5,50 €", "dezasseis quilómetros, cinco euros e cinquenta cêntimos")],
    "fr": [
        ("le 1er et la 2e, la 1re", "le premier et la deuxième, la première"),
        ("12h30, 1h05, 12:00", "douze heures trente, une heure cinq, douze heures"),
        ("5,99 €, 3,5 km, 21 %", "cinq euros et quatre-vingt-dix-neuf centimes, trois virgule cinq "
         "kilomètres, vingt-et-un pour cent"),
        ("XXe siècle, Louis XIV, François Ier", "vingtième siècle, Louis quatorze, François "
         "premier"),
        ("Le De Ce Me", "Le De Ce Me"),
        ("12/05/2024, 1 000 000, 1\u202f234", "douze mai deux mille vingt-quatre, un million, "
         "mille "
         "deux cent trente-quatre"),
        ("1 heure et 1 jour avec M. Hulot", "une heure et un jour avec monsieur Hulot"),
        ("le MP3, le n° 5", "le M P trois, le numéro cinq"),
    ],
    "it": [
        ("il 2º piano, XX secolo", "il secondo piano, ventesimo secolo"),
        ("Luigi XIV e Elisabetta II", "Luigi quattordicesimo e Elisabetta seconda"),
        ("5,99 €, 1 km, 2,05 km", "cinque euro e novantanove centesimi, un chilometro, due virgola "
         "zero cinque chilometri"),
        ("12:30, 12/05/2024, il 50%", "dodici e trenta, dodici maggio duemilaventiquattro, il "
         "cinquanta per cento"),
        ("1 casa, 1 giorno e 2", "una casa, un giorno e due"),
        ("il dott. Rossi, il Sig. Bianchi, l'MP3", "il dott. Rossi, il signor Bianchi, l'M P tre"),
    ],
    "de": [
        ("Am 3. Mai, der 3. Mai, im 19. Jahrhundert", "Am dritten Mai, der dritte Mai, im "
         "neunzehnten Jahrhundert"),
        ("um 12:30 Uhr, 9:05, 1 Uhr", "um zwölf Uhr dreißig, neun Uhr fünf, ein Uhr"),
        ("5,99 €, 1 km, 1 kWh, 2,5 Mio. €", "fünf Euro und neunundneunzig Cent, ein Kilometer, "
         "eine "
         "Kilowattstunde, zwei Komma fünf Millionen Euro"),
        ("z. B. 50 %, bzw. Nr. 5", "zum Beispiel fünfzig Prozent, beziehungsweise Nummer fünf"),
        ("Heinrich VIII. war König", "Heinrich der Achte war König"),
        ("am 12.05.2024, 1984", "am zwölften Mai zweitausendvierundzwanzig, "
         "neunzehnhundertvierundachtzig"),
        ("nach 5 min. oder 2 h", "nach fünf Minuten oder zwei Stunden"),
        ("1 Stunde, 1 Tag, 1 und 2", "eine Stunde, ein Tag, eins und zwei"),
        ("90km und 3 Tage, MP3", "neunzig Kilometer und drei Tage, M P drei"),
        ("1.234,56 und 0,125", "eintausendzweihundertvierunddreißig Komma fünf sechs und null "
         "Komma "
         "eins zwei fünf"),
    ],
    "ko": [
        ("3개, 21살, 100명", "세 개, 스물한 살, 백 명"),
        ("2024년 5월 12일 12:30", "이천이십사년 오월 십이일 열두 시 삼십 분"),
        ("5,000원, $5, 3번째", "오천원, 오 달러, 세 번째"),
        ("50%, 3km, MP3", "오십 퍼센트, 삼 킬로미터, M P 삼"),
    ],
    "ja": [
        ("3人です。2024年5月12日、12:30", "三人です。二千二十四年五月十二日、十二時三十分"),
        ("¥500、50%、3km、3.14", "五百円、五十パーセント、三キロメートル、三点一四"),
    ],
    "zh": [
        ("他有3本书，2个人，2024年", "他有三本书，两个人，二零二四年"),
        ("2024-05-12，12:30", "二零二四年五月十二日，十二点三十分"),
        ("¥500，50%，3km，3.05", "五百元，百分之五十，三公里，三点零五"),
    ],
    "ru": [("21 человек, 50 %", "двадцать один человек, пятьдесят процентов")],
    "nl": [("3 km", "3 km")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [(language, *pair) for language, pairs in EXAMPLES.items() for pair in pairs],
)
def test_text_is_said_in_words(language: str, text: str, expected: str) -> None:
    assert in_words(text, language) == expected


pieces = st.lists(
    st.sampled_from(
        [
            *"0123456789 .,-:/%$€£°#&+=()'½",
            *("km", "MP3", "XIV", "1st", "2º", "12:30", "1/2/2024", "www.a.com", " the ", " Luis "),
            *("Mr.", "Dr.", "年", "개", "h", "er", "million", " siglo ", "[[", "]]", "é"),
        ]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=200)
@given(text=pieces, language=st.sampled_from(sorted(TABLES)))
def test_any_text_has_words_for_its_numbers(text: str, language: str) -> None:
    said = in_words(text, language)
    if "[[" not in text:
        assert not re.search(r"(?<![\w.,])\d{1,15}(?![\w.,:/%°-])", said)


@given(
    text=st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz ,;!?¡¿"), max_size=60),
    language=st.sampled_from(sorted(TABLES)),
)
def test_plain_words_stay_as_they_are(text: str, language: str) -> None:
    assert in_words(text, language) == " ".join(text.split(" ")).strip() or "  " in text


def test_phonemes_of_a_glossary_stay_as_they_are() -> None:
    assert in_words("[[h@l'oU 3]] and 3", "en") == "[[h@l'oU 3]] and three"


def test_endless_digits_are_not_said() -> None:
    assert in_words("1" * 31, "es") == "1" * 31
    assert in_words("1" * 16, "es").count("uno") == 16


@pytest.mark.parametrize(
    ("language", "minus", "dollars", "plus"),
    [
        ("en", "minus five", "minus five dollars", "plus five"),
        ("es", "menos cinco", "menos cinco dólares", "más cinco"),
        ("ca", "menys cinc", "menys cinc dòlars", "més cinc"),
        ("de", "minus fünf", "minus fünf Dollar", "plus fünf"),
        ("fr", "moins cinq", "moins cinq dollars", "plus cinq"),
        ("it", "meno cinque", "meno cinque dollari", "più cinque"),
        ("pt", "menos cinco", "menos cinco dólares", "mais cinco"),
        ("ko", "마이너스 오", "마이너스 오 달러", "플러스 오"),
        ("ja", "マイナス五", "マイナス五ドル", "プラス五"),
        ("zh", "负五", "负五美元", "正五"),
    ],
)
def test_signs_of_numbers_and_of_amounts_are_said(
    language: str, minus: str, dollars: str, plus: str
) -> None:
    for text in ("-5", "−5"):
        assert in_words(text, language) == minus
    for text in ("-$5", "−$5", "$-5", "-5 $", "-US$5"):
        assert in_words(text, language) == dollars
    assert in_words("+5", language) == plus


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("20-30", "twenty to thirty"),
        ("COVID-19", "COVID nineteen"),
        ("x-5", "x-five"),
        ("3 + 5", "three plus five"),
        ("C++", "C++"),
        ("-$3 million", "minus three million dollars"),
        ("-£1,250.50", "minus one thousand two hundred fifty pounds and fifty pence"),
    ],
)
def test_hyphens_are_not_minus(text: str, said: str) -> None:
    assert in_words(text, "en") == said


@pytest.mark.parametrize(
    ("language", "zero"),
    [("ca", "zero"), ("es", "cero"), ("fr", "zéro"), ("ja", "零"), ("en", "zero")],
)
def test_zero_is_a_word(language: str, zero: str) -> None:
    assert in_words("0", language) == zero
    assert in_words("007", language).startswith(zero)


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "5%-10%", "five percent to ten percent"),
        ("en", "$5-10", "five to ten dollars"),
        ("en", "20-$30", "twenty to thirty dollars"),
        ("en", "10:00-12:30", "ten o'clock to twelve thirty"),
        ("en", "-5°C-10°C", "minus five degrees Celsius to ten degrees Celsius"),
        ("en", "May 5-7", "May five to seven"),
        ("en", "(555) 123-4567", "five five five, one two three, four five six seven"),
        ("es", "5€-10€", "cinco euros a diez euros"),
        ("zh", "5%-10%", "百分之五到百分之十"),
        (
            "en",
            "We grew 5% – 3 times the average",
            "We grew five percent – three times the average",
        ),
        ("en", "50% — 20 people left", "fifty percent — twenty people left"),
        ("es", "5 % – 3 veces", "cinco por ciento – tres veces"),
        (
            "fr",
            "Vendu (1998) 250 000 exemplaires",
            "Vendu (mille neuf cent quatre-vingt-dix-huit) deux cent cinquante mille exemplaires",
        ),
    ],
)
def test_hyphen_between_numbers_with_marks_is_a_range(language: str, text: str, said: str) -> None:
    assert in_words(text, language) == said


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("es", "1.000.000 €", "un millón de euros"),
        ("es", "1.000.001 €", "un millón un euros"),
        ("es", "1.500.000 €", "un millón quinientos mil euros"),
        ("ca", "1.000.000 €", "un milió d'euros"),
        ("ca", "3.000.000 km", "tres milions de quilòmetres"),
        ("fr", "1 000 000 €", "un million d'euros"),
        ("fr", "2 000 000 km", "deux millions de kilomètres"),
        ("it", "2.000.000 km", "due milioni di chilometri"),
        ("pt", "R$ 1.000.000", "um milhão de reais"),
        ("de", "1.000.000 €", "eine Million Euro"),
        ("de", "die 1990er und die 90er", "die neunzehnhundertneunziger und die neunziger"),
    ],
)
def test_millions_and_decades(language: str, text: str, said: str) -> None:
    assert in_words(text, language) == said
