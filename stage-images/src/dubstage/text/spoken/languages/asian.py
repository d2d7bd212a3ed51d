"""Chinese, Japanese and Korean."""

from __future__ import annotations

from dataclasses import replace

from dubstage.text.spoken.table import Currency, Dates, Noun, Numerals, Table, Times, Web


def _same(pairs: dict[str, str], gender: str = "") -> dict[str, Noun]:
    """Nouns without a plural."""
    return {sign: Noun(word, word, gender) for sign, word in pairs.items()}


def _money(pairs: dict[str, str], gender: str = "") -> dict[str, Currency]:
    return {sign: Currency(noun) for sign, noun in _same(pairs, gender).items()}


MONTHS = tuple(str(number) for number in range(1, 13))
KOREAN_MONTHS = (*MONTHS[:5], "유", *MONTHS[6:9], "시", *MONTHS[10:])
CHINESE = Table(
    cldr="zh",
    point_decimals=True,
    point="点",
    single_decimals=True,
    minus="负",
    plus="正",
    to="到",
    percent="百分之",
    signs={"&": "和", "+": "加", "=": "等于", "×": "乘"},
    number_sign="第",
    numerals=Numerals(
        plain="cardinal", genders={"counter": "cardinal-alternate2"}, year=""
    ),
    year_mark="年",
    counters=(
        "个", "本", "位", "天", "次", "块", "只", "张", "条", "辆", "岁", "公里", "公斤", "小时",
        "米", "元", "分钟", "周", "倍", "年", "种", "件", "杯", "瓶", "名", "家", "场", "间", "双",
        "個", "塊", "隻", "張", "條", "輛", "歲", "點", "週", "種", "場", "間", "雙", "小時",
        "分鐘", "人", "点", "万",
        "千",
    ),
    dates=Dates("ymd", MONTHS, "{year}年{month}月{day}日"),
    times=Times("{hour}点{minute}分", "{hour}点", gender="counter", mark="", exact="{hour}点零分",
                second=Noun("秒", "秒")),
    web=Web("点", "斜杠", "艾特", "杠"),
    units=_same({
        "km/h": "公里每小时", "km²": "平方公里", "m²": "平方米", "m³": "立方米", "km": "公里",
        "cm": "厘米", "mm": "毫米", "m": "米", "kg": "公斤", "mg": "毫克", "g": "克",
        "ml": "毫升", "l": "升", "L": "升", "°C": "摄氏度", "℃": "摄氏度", "°F": "华氏度",
        "°": "度", "MB": "兆字节", "GB": "吉字节", "TB": "太字节", "Hz": "赫兹", "kWh": "千瓦时",
        "kW": "千瓦", "W": "瓦", "V": "伏", "min": "分钟", "s": "秒", "h": "小时",
    }, "counter"),
    currencies=_money({
        "¥": "元", "￥": "元", "$": "美元", "US$": "美元", "€": "欧元", "£": "英镑", "₩": "韩元",
        "₹": "卢比", "CHF": "瑞士法郎", "R$": "雷亚尔",
    }, "counter"),
    scales={"万": "万", "亿": "亿", "百万": "百万"},
    per="每{unit}{amount}",
    and_fraction="又",
    ordinal_marks=("第", "民国", "昭和", "平成", "令和", "大学", "高"),
    other_counters=("年级", "年代", "次方", "次元", "人转"),
    pause="，",
    phone_digits={"一": "幺"},
    by="乘",
    multiples=Noun("倍", "倍", "counter"),
    feet=Noun("英尺", "英尺"),
    inches=Noun("英寸", "英寸"),
    fractions={"½": "二分之一", "1/2": "二分之一", "¼": "四分之一", "1/4": "四分之一",
               "¾": "四分之三", "3/4": "四分之三", "1/3": "三分之一", "2/3": "三分之二"},
    is_spaced=False,
)  # fmt: skip
JAPANESE = replace(
    CHINESE,
    cldr="ja",
    minus="マイナス",
    plus="プラス",
    to="から",
    percent="パーセント",
    signs={"&": "アンド", "+": "プラス", "=": "イコール", "×": "かける"},
    number_sign="ナンバー",
    numerals=Numerals(plain="cardinal", year="cardinal"),
    year_mark="",
    counters=(),
    times=Times("{hour}時{minute}分", "{hour}時", mark="", second=Noun("秒", "秒")),
    web=Web("ドット", "スラッシュ", "アットマーク", "ハイフン"),
    units=_same({
        "km/h": "キロメートル毎時", "km²": "平方キロメートル", "m²": "平方メートル",
        "m³": "立方メートル", "km": "キロメートル", "cm": "センチメートル", "mm": "ミリメートル",
        "m": "メートル", "kg": "キログラム", "mg": "ミリグラム", "g": "グラム",
        "ml": "ミリリットル", "l": "リットル", "L": "リットル", "°C": "度", "℃": "度",
        "°F": "華氏度", "°": "度", "MB": "メガバイト", "GB": "ギガバイト", "TB": "テラバイト",
        "Hz": "ヘルツ", "kWh": "キロワット時", "kW": "キロワット", "W": "ワット", "V": "ボルト",
    }),
    currencies=_money({
        "¥": "円", "￥": "円", "$": "ドル", "US$": "ドル", "€": "ユーロ", "£": "ポンド",
        "₩": "ウォン", "₹": "ルピー", "CHF": "スイスフラン", "R$": "レアル",
    }),
    per="{unit}あたり{amount}",
    and_fraction="と",
    ordinal_marks=(),
    other_counters=("\0",),
    pause="、",
    phone_digits={},
    by="かける",
    multiples=Noun("倍", "倍"),
    feet=Noun("フィート", "フィート"),
    inches=Noun("インチ", "インチ"),
    fractions={"½": "二分の一", "1/2": "二分の一", "¼": "四分の一", "1/4": "四分の一",
               "¾": "四分の三", "3/4": "四分の三", "1/3": "三分の一", "2/3": "三分の二"},
)  # fmt: skip
KOREAN = replace(
    CHINESE,
    cldr="ko",
    point="점",
    minus="마이너스",
    plus="플러스",
    to="에서 ",
    percent="퍼센트",
    signs={"&": "앤드", "+": "더하기", "=": "는", "×": "곱하기"},
    number_sign="넘버",
    numerals=Numerals(
        plain="cardinal-sinokorean",
        genders={"counter": "cardinal-native-attributive"},
        ordinals={"m": "ordinal-native-count"},
        year="cardinal-sinokorean",
    ),
    year_mark="",
    ordinal=r"(\d{1,2})\s?번째",
    dates=Dates("ymd", KOREAN_MONTHS, "{year}년 {month}월 {day}일"),
    times=Times("{hour} 시 {minute} 분", "{hour} 시", gender="counter", mark="",
                second=Noun("초", "초"), join_seconds=" "),
    web=Web("점", "슬래시", "골뱅이", "하이픈"),
    units=_same({
        "km/h": "킬로미터 퍼 아워", "km²": "제곱킬로미터", "m²": "제곱미터", "m³": "세제곱미터",
        "km": "킬로미터", "cm": "센티미터", "mm": "밀리미터", "m": "미터", "kg": "킬로그램",
        "mg": "밀리그램", "g": "그램", "ml": "밀리리터", "l": "리터", "L": "리터", "°C": "도",
        "℃": "도", "°F": "화씨 도", "°": "도", "MB": "메가바이트", "GB": "기가바이트",
        "TB": "테라바이트", "Hz": "헤르츠", "kWh": "킬로와트시", "kW": "킬로와트", "W": "와트",
        "V": "볼트",
    }),
    currencies=_money({
        "₩": "원", "$": "달러", "US$": "달러", "€": "유로", "£": "파운드", "¥": "엔",
        "₹": "루피", "CHF": "스위스 프랑", "R$": "헤알",
    }),
    scales={"만": "만", "억": "억"},
    counters=(
        "개", "명", "시", "살", "마리", "사람", "권", "잔", "병", "대", "시간", "가지",
        "달", "장", "채", "벌", "송이", "그루", "곳", "켤레", "그릇", "조각", "군데", "끼",
    ),
    per="{unit}당 {amount}",
    and_fraction="과 ",
    ordinal_marks=("제",),
    other_counters=("개월", "개국", "개년", "달러", "시즌", "시리즈", "시드", "대학", "대회",
                    "대째", "병원", "장관", "명령", "통신", "채널", "권역"),
    spellings={
        r"(?<![\d.,])(\d{1,2})\s?[-~〜～](?=\d{1,2}월)": r"\1월에서 ",
        r"(?<![\d.,])0?6월": "유월",
        r"(?<![\d.,])10월": "시월",
    },
    pause=", ",
    phone_digits={"영": "공"},
    by="곱하기",
    multiples=Noun("배", "배"),
    feet=Noun("피트", "피트"),
    inches=Noun("인치", "인치"),
    fractions={"½": "이분의 일", "1/2": "이분의 일", "¼": "사분의 일", "1/4": "사분의 일",
               "¾": "사분의 삼", "3/4": "사분의 삼", "1/3": "삼분의 일", "2/3": "삼분의 이"},
    is_spaced=True,
)  # fmt: skip
