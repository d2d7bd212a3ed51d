"""Forms of numbers that are easily said wrongly, in all languages."""

from __future__ import annotations

import time

import pytest

from dubstage.text.spoken import in_words

AMOUNTS = {
    "en": "one thousand two hundred thirty-four euros and fifty-six cents",
    "es": "mil doscientos treinta y cuatro euros con cincuenta y seis céntimos",
    "ca": "mil dos-cents trenta-quatre euros amb cinquanta-sis cèntims",
    "pt": "mil duzentos e trinta e quatro euros e cinquenta e seis centavos",
    "fr": "mille deux cent trente-quatre euros et cinquante-six centimes",
    "it": "milleduecentotrentaquattro euro e cinquantasei centesimi",
    "de": "eintausendzweihundertvierunddreißig Euro und sechsundfünfzig Cent",
}


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u2009", "\u202f"])
@pytest.mark.parametrize(("language", "said"), AMOUNTS.items())
def test_spaces_mark_thousands(language: str, said: str, space: str) -> None:
    assert in_words(f"1{space}234,56 €", language) == said


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "one million"), ("es", "un millón"), ("ca", "un milió"), ("pt", "um milhão"),
        ("fr", "un million"), ("it", "un milione"), ("de", "eine Million"), ("ko", "백만"),
        ("ja", "百万"), ("zh", "一百万"),
    ],
)  # fmt: skip
def test_a_million_may_have_spaces(language: str, said: str, space: str) -> None:
    assert in_words(f"1{space}000{space}000", language) == said


EXAMPLES = {
    "en": [
        ("1.2M views, 10k followers, 2.5k likes", "one point two million views, ten thousand "
         "followers, two thousand five hundred likes"),
        ("2.5x, 10x faster; 2x + 3", "two point five times, ten times faster; two x plus three"),
        ("a 10k race, $10k, $1.2M", "a ten k race, ten thousand dollars, one point two million "
         "dollars"),
        ("6'2\", 5’11”, 5'11", "six foot two, five foot eleven, five foot eleven"),
        ("call 555-1234, 867-5309; pages 900-1200", "call five five five, one two three four, "
         "eight six seven, five three zero nine; pages nine hundred to twelve hundred"),
        ("ISBN 0-306-40615-2, ISBN 3-16-148410-X", "ISBN zero, three zero six, four zero six one "
         "five, two, ISBN three, one six, one four eight four one zero, X"),
        ("10am-5pm, 1st-3rd, 10k-20k views", "ten A M to five P M, first to third, ten k to twenty "
         "thousand views"),
        ("1990–95, 5~10", "nineteen ninety to ninety-five, five to ten"),
        ("12:00:05, 12:30:01 pm", "twelve o'clock and five seconds, twelve thirty and one second P "
         "M"),
        ("$5 dollars, 5% percent", "five dollars, five percent"),
        ("4x4, .22, $5/kg, €/kg", "four by four, point two two, five dollars per kilogram, euros "
         "per kilogram"),
        ("₹500, CHF 20", "five hundred rupees, twenty Swiss francs"),
    ],
    "es": [
        ("1 000 mujeres, 31 mujeres, 21 años", "mil mujeres, treinta y una mujeres, veintiún años"),
        ("1.000.000 personas, 21 mil personas", "un millón de personas, veintiuna mil personas"),
        ("1,2M de vistas, 10k seguidores, 2,5x", "uno coma dos millones de vistas, diez mil "
         "seguidores, dos coma cinco veces"),
        ("6'2\"", "seis pies y dos pulgadas"),
        ("555-1234, 978-3-16-148410-0", "cinco cinco cinco, uno dos tres cuatro, nueve siete ocho, "
         "tres, uno seis, uno cuatro ocho cuatro uno cero, cero"),
        ("llame al 91 123 45 67", "llame al nueve uno, uno dos tres, cuatro cinco, seis siete"),
        ("12:30:05, a las 14.30, 14.30 h", "doce y treinta con cinco segundos, a las catorce y "
         "treinta, catorce y treinta"),
        ("$5 dólares, $100 pesos, 5 € euros", "cinco dólares, cien pesos, cinco euros"),
        ("4x4, 5 €/kg, CHF 20", "cuatro por cuatro, cinco euros por kilo, veinte francos suizos"),
        ("de 1 a 3 personas, 200 turistas, 31 listas", "de una a tres personas, doscientos "
         "turistas, treinta y una listas"),
    ],
    "ca": [
        ("200 pàgines, 2 mil persones, 1.000.000 homes", "dues-centes pàgines, dues mil persones, "
         "un milió d'homes"),
        ("12:00:05, $5 dòlars, 6'2\"", "dotze hores i cinc segons, cinc dòlars, sis peus i dues "
         "polzades"),
        ("1,2M de visites, 2x, 4x4", "un coma dos milions de visites, dues vegades, quatre per "
         "quatre"),
    ],
    "pt": [
        ("2 mulheres, 2 homens, 2 mil pessoas", "duas mulheres, dois homens, duas mil pessoas"),
        ("12:00:05, R$ 5 reais, R$ 10/kg", "doze horas com cinco segundos, cinco reais, dez reais "
         "por quilo"),
        ("1,2M de vídeos, 2x, R$ 10k", "um vírgula dois milhões de vídeos, duas vezes, dez mil "
         "reais"),
    ],
    "fr": [
        ("5€50, 1m80, 1 m 80", "cinq euros et cinquante centimes, un mètre quatre-vingts, un mètre "
         "quatre-vingts"),
        ("06.12.34.56.78", "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
        ("1M€, 2 milliards $, 5 $ dollars", "un million d'euros, deux milliards de dollars, cinq "
         "dollars"),
        ("12:00:05, 2,5x, 5 €/kg", "douze heures et cinq secondes, deux virgule cinq fois, cinq "
         "euros par kilo"),
    ],
    "it": [
        ("alle 14.30, ore 9.05", "alle quattordici e trenta, ore nove e cinque"),
        ("1 mano, 10k visite, 6'2\"", "una mano, diecimila visite, sei piedi e due pollici"),
        ("12:00:05, $5 dollari, 5 €/kg", "dodici e cinque secondi, cinque dollari, cinque euro per "
         "chilo"),
    ],
    "de": [
        ("1 Million, 1 Mio. Euro, 1 Milliarde", "eine Million, eine Million Euro, eine Milliarde"),
        ("1.-15. Januar, vom 1. bis 15. Januar", "erster bis fünfzehnter Januar, vom ersten bis "
         "fünfzehnten Januar"),
        ("am 24.12. und 14.30 Uhr", "am vierundzwanzigsten Dezember und vierzehn Uhr dreißig"),
        ("die 3. Auflage, in der 3. Auflage, der 3. Mann", "die dritte Auflage, in der dritten "
         "Auflage, der dritte Mann"),
        ("zum 3. Mal, ein 3. Mann, 3. Auflage", "zum dritten Mal, ein dritter Mann, dritte "
         "Auflage"),
        ("Es waren 3. Dann kam die 4. Danach nichts", "Es waren drei. Dann kam die vier. Danach "
         "nichts"),
        ("10k Follower, 12:30:05, $5 Dollar", "zehntausend Follower, zwölf Uhr dreißig und fünf "
         "Sekunden, fünf Dollar"),
        ("Kapitel 2.3. Dort", "Kapitel zwei Komma drei. Dort"),
    ],
    "ko": [
        ("6월, 10월, 2024-06-12", "유월, 시월, 이천이십사년 유월 십이일"),
        ("3개월, 20대, 차 20대, 3달러", "삼 개월, 이십 대, 차 스무 대, 삼 달러"),
        ("3개, 20살, 5시, 14시", "세 개, 스무 살, 다섯 시, 십사 시"),
        ("5~10명, 3분의 1", "다섯에서 열 명, 삼분의 일"),
        ("010-1234-5678", "공 일 공, 일 이 삼 사, 오 육 칠 팔"),
        ("$1.2M, 12:00:05, $5 달러", "백이십만 달러, 열두 시 오 초, 오 달러"),
    ],
    "ja": [
        ("5~10人、5〜10人、5～10人", "五から十人、五から十人、五から十人"),
        ("12:00:05、$5ドル、¥500円", "十二時五秒、五ドル、五百円"),
        ("1.2M、2.5x、4x4", "百二十万、二点五倍、四かける四"),
    ],
    "zh": [
        ("5-10%，1990-1995年，5～10个", "百分之五到十，一九九零到一九九五年，五到十个"),
        ("2年，12年，2个，第2次", "两年，十二年，两个，第二次"),
        ("13812345678，拨打110", "幺三八幺二三四五六七八，拨打幺幺零"),
        ("12:00:05，$5美元，¥500元", "十二点零分五秒，五美元，五百元"),
        ("$1.2M，2.5x", "一百二十万美元，二点五倍"),
    ],
}  # fmt: skip

MORE = {
    "en": [
        ("on Sunset Blvd. The end", "on Sunset Boulevard. The end"),
        ("Apple Inc. He left. Apple Inc. CEO",
         "Apple Incorporated. He left. Apple Incorporated CEO"),
        ("St. John, in St. Louis, 12 Main St. is", "Saint John, in Saint Louis, twelve Main Street "
         "is"),
        ("Visit St. Mary on Main St.", "Visit Saint Mary on Main Street."),
        ("Mar 3, Dec. 25, 3 Mar 2024", "March third, December twenty-fifth, the third of March "
         "twenty twenty-four"),
        ("Mar 3:16, the II World War", "Mar three sixteen, the Second World War"),
        ("Henry VIII's wife, World War II's", "Henry the Eighth's wife, World War two's"),
        ("3 ½ cups, 3 1/2 cups, 3-1/2, 1/2 km", "three and one half cups, three and one half cups, "
         "three and one half, one half kilometer"),
        ("§ 5, §§ 5-7", "section five, sections five to seven"),
        ("I said no. 5 of them. The no. 5", "I said no. five of them. The number five"),
        ("Seat 12B, room 5M, 4k videos", "Seat twelve B, room five M, four k videos"),
        ("4-4-2, 1990-2000-2010", "four, four, two, nineteen ninety, two thousand, two thousand "
         "ten"),
        ("1.5x-2x, £1.5m, I, II, and III", "one point five times to two times, one point five "
         "million pounds, I, II, and III"),
        ("401k plans, 12 345 friends", "four hundred one k plans, twelve thousand three hundred "
         "forty-five friends"),
        ("5−3, CHF 1.50, Rs. 500", "five minus three, one Swiss franc and fifty centimes, five "
         "hundred rupees"),
        ("the phone cost 12 345 678 dollars", "the phone cost twelve million three hundred "
         "forty-five thousand six hundred seventy-eight dollars"),
        ("my phone has 64 128 256 options, a cell has 12 345 678 km", "my phone has sixty-four "
         "million one hundred twenty-eight thousand two hundred fifty-six options, a cell has "
         "twelve million three hundred forty-five thousand six hundred seventy-eight kilometers"),
        ("call 12 345 678 today, we call 300-1250 people", "call one two, three four five, six "
         "seven eight today, we call three hundred to twelve fifty people"),
        ("call at 12 345 678 always, 867-5309 sometimes", "call at one two, three four "
         "five, six seven eight always, eight six seven, five three zero nine sometimes"),
        ("10-12am, 9.30am, $10/month", "ten to twelve A M, nine thirty A M, ten dollars per month"),
    ],
    "es": [
        ("1/2 taza, 3 ½ tazas, 1 1/2 horas, 3½",
         "media taza, tres tazas y media, una hora y media, tres y medio"),
        ("1/2 kg, 3/4 l, 3½ km", "medio kilo, tres cuartos de litro, tres kilómetros y medio"),
        ("la II Guerra Mundial, I Congreso, siglo II",
         "la Segunda Guerra Mundial, Primer Congreso, "
         "siglo segundo"),
        ("3 mar. 2024, el mar 3", "tres de marzo de dos mil veinticuatro, el mar tres"),
        ("1.000.000 más, dijo que no. 5 veces", "un millón más, dijo que no. cinco veces"),
        ("Sta. Ana, año 50 a. C. Luego", "Santa Ana, año cincuenta antes de Cristo. Luego"),
    ],
    "ca": [
        ("1/2 tassa, 3 ½ tasses, II Guerra Mundial", "mitja tassa, tres tasses i mitja, Segona "
         "Guerra Mundial"),
    ],
    "pt": [
        ("1/2 xícara, 3½ xícaras, II Guerra Mundial", "meia xícara, três xícaras e meia, Segunda "
         "Guerra Mundial"),
        ("8h, 14 h 30, 14h30min", "oito horas, catorze e trinta, catorze e trinta"),
    ],
    "it": [
        ("1/2 tazza, 3½ tazze, la II Guerra Mondiale", "mezza tazza, tre tazze e mezza, la Seconda "
         "Guerra Mondiale"),
        ("ore 9.30-12.30", "ore nove e trenta a dodici e trenta"),
        ("ha detto no. 5 volte, n. 5, XX secolo", "ha detto no. cinque volte, numero cinque, "
         "ventesimo secolo"),
    ],
    "fr": [
        ("14 h 30, 8h, 14 h, 24h/24, 7j/7", "quatorze heures trente, huit heures, quatorze heures, "
         "vingt-quatre heures sur vingt-quatre, sept jours sur sept"),
        ("18h30-20h", "dix-huit heures trente à vingt heures"),
        ("elle appelle 12 345 678 personnes", "elle appelle douze millions trois cent "
         "quarante-cinq mille six cent soixante-dix-huit personnes"),
        ("appelez le 12 345 678 après", "appelez le un deux, trois quatre cinq, six sept huit "
         "après"),
        ("No 5, 3½ tasses, Mme. Dupont", "numéro cinq, trois tasses et demie, madame Dupont"),
        ("3 janv. 2024, 1.000.000 habitants", "trois janvier deux mille vingt-quatre, un million "
         "d'habitants"),
    ],
    "de": [
        ("1/2 Tasse, 3 ½ Tassen, 2½, 1/2 kg", "eine halbe Tasse, dreieinhalb Tassen, zweieinhalb, "
         "ein halbes Kilo"),
        ("im II. Weltkrieg, II. Weltkrieg", "im zweiten Weltkrieg, zweiter Weltkrieg"),
        ("§ 5 Abs. 2, §§ 5-7", "Paragraf fünf Absatz zwei, Paragrafen fünf bis sieben"),
        ("3. Jan. 2024, Version 10.04. Dann", "dritter Januar zweitausendvierundzwanzig, Version "
         "zehn Komma null vier. Dann"),
        ("8.30-18.00 Uhr, 8.30 - 9.15 Uhr",
         "acht Uhr dreißig bis achtzehn Uhr, acht Uhr dreißig bis "
         "neun Uhr fünfzehn"),
        ("der 1. FC, 1. FC Köln", "der erste FC, erster FC Köln"),
        ("Wir haben den 5. Kommst du?", "Wir haben den fünften. Kommst du?"),
        ("Heute ist der 3. Peter kommt morgen.", "Heute ist der dritte. Peter kommt morgen."),
        ("Der 3. Anlauf gelang, am 5. kommt er.", "Der dritte Anlauf gelang, am fünften kommt er."),
        ("Das ist der 2. Hat er sie?", "Das ist der zweite. Hat er sie?"),
        ("Wir sind in der 3. Hoffentlich", "Wir sind in der dritten. Hoffentlich"),
        ("Ich weiß, dass es der 3. Mann war.", "Ich weiß, dass es der dritte Mann war."),
        ("Beim 2. Mal er, „Wir haben den 5.“", "Beim zweiten Mal er, „Wir haben den fünften.“"),
        ("Ich kaufe die 12. Hast du Zeit am 31.",
         "Ich kaufe die zwölf. Hast du Zeit am einunddreißigsten."),
        ("Sie feierte den 5. Triumph in Folge", "Sie feierte den fünften Triumph in Folge"),
        ("5 €/Person, 20 000 Menschen", "fünf Euro pro Person, zwanzigtausend Menschen"),
    ],
    "ko": [
        ("3½, 4대 보험, 카메라 3대 구입, 3대를",
         "삼과 이분의 일, 사 대 보험, 카메라 세 대 구입, 세 대를"),
        ("제3장, 3장", "제삼 장, 세 장"),
        ("5~6월, 2개국, 시즌 2", "오월에서 유월, 이 개국, 시즌 이"),
    ],
    "ja": [("3½、$3/m²", "三と二分の一、平方メートルあたり三ドル")],
    "zh": [
        ("3½，2km，¥2，¥100/月", "三又二分之一，两公里，两元，每月一百元"),
        ("2條，2點，１２：３０", "两條，两點，十二点三十分"),
        ("第2年，2年级，2次方，13800000000元", "第二年，二年级，二次方，一百三十八亿元"),
    ],
}  # fmt: skip
CASES = [
    (language, *pair)
    for examples in (EXAMPLES, MORE)
    for language, pairs in examples.items()
    for pair in pairs
]


@pytest.mark.parametrize(("language", "text", "said"), CASES)
def test_form_is_said_and_stays(language: str, text: str, said: str) -> None:
    assert in_words(text, language) == said
    assert in_words(said, language) == said


@pytest.mark.parametrize(
    "part", ["12-", "978-", "1 ", "123 ", "2x", "1.", "der 1. ", "der 1. Er hat ", "5 €/"]
)
@pytest.mark.parametrize("language", sorted(EXAMPLES))
def test_long_text_takes_little_time(language: str, part: str) -> None:
    start = time.process_time()
    in_words((part * 10_000)[:10_000], language)
    assert time.process_time() - start < 4
