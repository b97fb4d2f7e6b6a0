"""The words of each language for signs, currencies, abbreviations and acronyms: data, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SIGNS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"and": "and", "to": "to", "plus": "plus", "minus": "minus", "number": "number",
           "per": "per", "dot": "dot", "at": "at", "slash": "slash", "dash": "dash",
           "hashtag": "hashtag", "by": "by", "equals": "equals", "point": "point",
           "underscore": "underscore"},
    "de": {"and": "und", "to": "bis", "plus": "plus", "minus": "minus", "number": "Nummer",
           "per": "pro", "dot": "Punkt", "at": "ät", "slash": "Schrägstrich", "dash": "Minus",
           "hashtag": "Hashtag", "by": "mal", "equals": "gleich", "point": "Komma",
           "underscore": "Unterstrich"},
    "fr": {"and": "et", "to": "à", "plus": "plus", "minus": "moins", "number": "numéro",
           "per": "par", "dot": "point", "at": "arobase", "slash": "slash", "dash": "tiret",
           "hashtag": "hashtag", "by": "sur", "equals": "égale", "point": "virgule",
           "underscore": "tiret bas"},
    "es": {"and": "y", "to": "a", "plus": "más", "minus": "menos", "number": "número",
           "per": "por", "dot": "punto", "at": "arroba", "slash": "barra", "dash": "guion",
           "hashtag": "etiqueta", "by": "por", "equals": "igual a", "point": "coma",
           "underscore": "guion bajo"},
    "it": {"and": "e", "to": "a", "plus": "più", "minus": "meno", "number": "numero",
           "per": "a", "dot": "punto", "at": "chiocciola", "slash": "barra", "dash": "trattino",
           "hashtag": "hashtag", "by": "per", "equals": "uguale", "point": "virgola",
           "underscore": "trattino basso"},
    "nl": {"and": "en", "to": "tot", "plus": "plus", "minus": "min", "number": "nummer",
           "per": "per", "dot": "punt", "at": "apenstaartje", "slash": "slash",
           "dash": "streepje", "hashtag": "hashtag", "by": "bij", "equals": "is gelijk aan",
           "point": "komma", "underscore": "laag streepje"},
    "pl": {"and": "i", "to": "do", "plus": "plus", "minus": "minus", "number": "numer",
           "per": "na", "dot": "kropka", "at": "małpa", "slash": "ukośnik", "dash": "myślnik",
           "hashtag": "hasztag", "by": "na", "equals": "równa się", "point": "przecinek",
           "underscore": "podkreślnik"},
    "sv": {"and": "och", "to": "till", "plus": "plus", "minus": "minus", "number": "nummer",
           "per": "per", "dot": "punkt", "at": "snabel a", "slash": "snedstreck",
           "dash": "bindestreck", "hashtag": "hashtagg", "by": "gånger", "equals": "lika med",
           "point": "komma", "underscore": "understreck"},
    "da": {"and": "og", "to": "til", "plus": "plus", "minus": "minus", "number": "nummer",
           "per": "per", "dot": "punktum", "at": "snabel a", "slash": "skråstreg",
           "dash": "bindestreg", "hashtag": "hashtag", "by": "gange", "equals": "lig med",
           "point": "komma", "underscore": "understreg"},
    "nb": {"and": "og", "to": "til", "plus": "pluss", "minus": "minus", "number": "nummer",
           "per": "per", "dot": "punktum", "at": "krøllalfa", "slash": "skråstrek",
           "dash": "bindestrek", "hashtag": "emneknagg", "by": "ganger", "equals": "er lik",
           "point": "komma", "underscore": "understrek"},
    "pt": {"and": "e", "to": "a", "plus": "mais", "minus": "menos", "number": "número",
           "per": "por", "dot": "ponto", "at": "arroba", "slash": "barra", "dash": "hífen",
           "hashtag": "hashtag", "by": "por", "equals": "igual a", "point": "vírgula",
           "underscore": "sublinhado"},
    "el": {"and": "και", "to": "έως", "plus": "συν", "minus": "μείον", "number": "νούμερο",
           "per": "ανά", "dot": "τελεία", "at": "παπάκι", "slash": "κάθετος", "dash": "παύλα",
           "hashtag": "χάσταγκ", "by": "επί", "equals": "ίσον", "point": "κόμμα",
           "underscore": "κάτω παύλα"},
    "ru": {"and": "и", "to": "до", "plus": "плюс", "minus": "минус", "number": "номер",
           "per": "в", "dot": "точка", "at": "собака", "slash": "слэш", "dash": "дефис",
           "hashtag": "хештег", "by": "на", "equals": "равно", "point": "запятая",
           "underscore": "подчёркивание"},
    "uk": {"and": "і", "to": "до", "plus": "плюс", "minus": "мінус", "number": "номер",
           "per": "на", "dot": "крапка", "at": "ет", "slash": "слеш", "dash": "дефіс",
           "hashtag": "хештег", "by": "на", "equals": "дорівнює", "point": "кома",
           "underscore": "підкреслення"},
}  # fmt: skip

CURRENCIES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "en": {"USD": ("dollar", "dollars"), "GBP": ("pound", "pounds"), "CHF": ("franc", "francs")},
    "de": {"USD": ("Dollar", "Dollar"), "GBP": ("Pfund", "Pfund"), "CHF": ("Franken", "Franken")},
    "fr": {"USD": ("dollar", "dollars"), "GBP": ("livre", "livres"), "CHF": ("franc", "francs")},
    "es": {"USD": ("dólar", "dólares"), "GBP": ("libra", "libras")},
    "it": {"USD": ("dollaro", "dollari"), "GBP": ("sterlina", "sterline")},
    "nl": {"USD": ("dollar", "dollar"), "GBP": ("pond", "pond")},
    "pl": {"PLN": ("złoty", "złotych")},
    "sv": {"USD": ("dollar", "dollar"), "GBP": ("pund", "pund"), "SEK": ("krona", "kronor")},
    "da": {"USD": ("dollar", "dollar"), "GBP": ("pund", "pund"), "DKK": ("krone", "kroner")},
    "nb": {"USD": ("dollar", "dollar"), "GBP": ("pund", "pund"), "NOK": ("krone", "kroner")},
    "pt": {"EUR": ("euro", "euros"), "USD": ("dólar", "dólares"), "GBP": ("libra", "libras")},
}
"""What people say where the full name is longer: singular and plural."""

ABBREVIATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor",
        "Sr.": "Senior", "Jr.": "Junior", "Rev.": "Reverend", "Gov.": "Governor",
        "Sen.": "Senator", "Gen.": "General", "Lt.": "Lieutenant", "Col.": "Colonel",
        "Capt.": "Captain", "Sgt.": "Sergeant", "Inc.": "Incorporated", "Ltd.": "Limited",
        "Ltd": "Limited", "Corp.": "Corporation", "Co.": "Company", "Bros.": "Brothers",
        "Dept.": "Department", "dept.": "department", "Univ.": "University", "Ave.": "Avenue",
        "Blvd.": "Boulevard", "Rd.": "Road", "Mt.": "Mount", "e.g.": "for example",
        "eg.": "for example", "i.e.": "that is", "ie.": "that is", "etc.": "et cetera",
        "etc": "et cetera", "vs.": "versus", "vs": "versus", "approx.": "approximately",
        "incl.": "including", "excl.": "excluding", "max.": "maximum", "min.": "minimum",
        "mgmt": "management", "mgr.": "manager", "Asst.": "Assistant", "exp.": "experience",
        "p.a.": "per annum", "yrs": "years", "yrs.": "years", "yr": "year", "yr.": "year",
        "hrs": "hours", "hrs.": "hours", "wk": "week", "mth": "month", "w/": "with",
        "w/o": "without", "a.k.a.": "also known as", "et al.": "and others", "cf.": "compare",
        "m/f/d": "all genders", "f/m/d": "all genders", "m/w/d": "all genders",
        "m/f/x": "all genders", "f/m/x": "all genders", "w/m/d": "all genders",
        "all m/f/d": "all genders", "kWh": "kilowatt hours", "MWh": "megawatt hours",
    },
    "de": {
        "Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau",
        "z. B.": "zum Beispiel",
        "z.B.": "zum Beispiel", "d. h.": "das heißt", "d.h.": "das heißt", "u. a.": "unter anderem",
        "u.a.": "unter anderem", "bzw.": "beziehungsweise", "ca.": "circa", "usw.": "und so weiter",
        "inkl.": "inklusive", "zzgl.": "zuzüglich", "Nr.": "Nummer", "Str.": "Straße",
        "Std.": "Stunden", "ggf.": "gegebenenfalls", "evtl.": "eventuell", "max.": "maximal",
        "min.": "mindestens", "mind.": "mindestens", "tägl.": "täglich", "Tel.": "Telefon",
        "m/w/d": "männlich, weiblich, divers", "w/m/d": "weiblich, männlich, divers",
        "m/w/x": "männlich, weiblich, divers", "vgl.": "vergleiche", "St.": "Sankt",
    },
    "fr": {
        "M.": "monsieur", "MM.": "messieurs", "Mme": "madame", "Mlle": "mademoiselle",
        "Dr": "docteur", "Pr": "professeur", "etc.": "et cetera", "p. ex.": "par exemple",
        "env.": "environ", "h/f": "homme ou femme", "f/h": "femme ou homme", "St": "Saint",
    },
    "es": {
        "Sr.": "señor", "Sra.": "señora", "Dr.": "doctor", "Dra.": "doctora", "D.": "don",
        "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "etc.": "etcétera",
        "aprox.": "aproximadamente", "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos",
    },
    "it": {
        "Sig.": "signor", "Sig.ra": "signora", "Dott.": "dottor", "Dott.ssa": "dottoressa",
        "Prof.": "professor", "ecc.": "eccetera", "ca.": "circa", "es.": "esempio",
    },
    "nl": {
        "bijv.": "bijvoorbeeld", "o.a.": "onder andere", "d.w.z.": "dat wil zeggen",
        "ca.": "circa", "enz.": "enzovoort", "dhr.": "de heer", "mevr.": "mevrouw",
        "m/v": "man of vrouw", "nr.": "nummer", "evt.": "eventueel",
    },
    "pl": {
        "np.": "na przykład", "itd.": "i tak dalej", "m.in.": "między innymi", "ok.": "około",
        "ul.": "ulica", "godz.": "godzina", "tj.": "to jest", "dr": "doktor", "nr": "numer",
    },
    "sv": {
        "t.ex.": "till exempel", "bl.a.": "bland annat", "ca": "cirka", "osv.": "och så vidare",
        "kl.": "klockan", "d.v.s.": "det vill säga", "nr": "nummer",
    },
    "da": {
        "f.eks.": "for eksempel", "bl.a.": "blandt andet", "ca.": "cirka",
        "osv.": "og så videre", "kl.": "klokken", "nr.": "nummer", "dvs.": "det vil sige",
    },
    "nb": {
        "f.eks.": "for eksempel", "bl.a.": "blant annet", "ca.": "cirka",
        "osv.": "og så videre", "kl.": "klokken", "nr.": "nummer", "dvs.": "det vil si",
    },
    "pt": {
        "Sr.": "senhor", "Sra.": "senhora", "Dr.": "doutor", "Dra.": "doutora",
        "etc.": "etcétera", "p. ex.": "por exemplo", "nº": "número",
    },
    "el": {"π.χ.": "για παράδειγμα", "κ.λπ.": "και λοιπά", "δηλ.": "δηλαδή"},
    "ru": {"т. е.": "то есть", "т.е.": "то есть", "и т. д.": "и так далее", "руб.": "рублей"},
    "uk": {"т. е.": "тобто", "тощо": "тощо", "і т. д.": "і так далі", "грн": "гривень"},
}  # fmt: skip
"""Matched with their case; what ends in a full stop keeps it out of the sentence's rhythm."""

SPOKEN_AS_WORDS: Final = frozenset({
    "ACME", "AIDS", "ASAP", "ASCII", "BAFTA", "CAD", "CAM", "COBOL", "COVID", "CRUD", "DAX", "FAQ",
    "FIFA", "GIF", "IKEA", "JPEG", "LAN", "LASER", "LIDAR", "MIDI", "NASA", "NATO", "NASDAQ",
    "OPEC", "OSHA", "PIN", "POP", "RADAR", "RAM", "REST", "ROM", "SAAS", "SCADA", "SCRUM", "SIM",
    "SOAP", "STEM", "SWAT", "UEFA", "UNESCO", "UNICEF", "WAN", "WIFI", "YAML", "ZIP",
})  # fmt: skip
"""Acronyms said as words, though they are written in capitals."""

CAPITAL_WORDS: Final = frozenset({"I", "A", "OK", "NEW", "NOW", "NOT", "AND", "THE", "FOR", "YOU"})
"""Short words people write in capitals for weight."""

TERMS: Final[Mapping[str, str]] = {
    "C++": "C plus plus", "C#": "C sharp", "F#": "F sharp", ".NET": "dot net",
    "ASP.NET": "A.S.P dot net", "Node.js": "node J.S", "Vue.js": "view J.S",
    "Next.js": "next J.S", "React.js": "react J.S", "Three.js": "three J.S",
    "PostgreSQL": "post gress Q.L", "MySQL": "my S.Q.L", "NoSQL": "no S.Q.L",
    "GraphQL": "graph Q.L", "SQLite": "S.Q light", "JavaScript": "java script",
    "TypeScript": "type script", "GitHub": "git hub", "GitLab": "git lab",
    "LinkedIn": "linked in", "YouTube": "you tube", "iOS": "eye O.S", "macOS": "mack O.S",
    "iPhone": "eye phone", "iPad": "eye pad", "eBay": "ee bay", "IoT": "I.O.T", "SaaS": "sass",
    "PaaS": "pass", "PhD": "P.H.D", "Ph.D.": "P.H.D", "MSc": "M.S.C", "M.Sc.": "M.S.C",
    "BSc": "B.S.C", "B.Sc.": "B.S.C", "MBA": "M.B.A", "DevOps": "dev ops",
    "MLOps": "M.L ops", "Wi-Fi": "why fye", "WiFi": "why fye", "GmbH": "G.M.B.H",
    "kHz": "kilohertz", "UX/UI": "U.X U.I", "UI/UX": "U.I U.X", "CI/CD": "C.I C.D",
    "R&D": "R and D", "Q&A": "Q and A", "H&S": "health and safety", "P&L": "P and L",
    "AT&T": "A.T and T", "24/7": "twenty-four seven", "9/11": "nine eleven",
    "H2O": "H two O", "CO2": "C.O two", "CO₂": "C.O two",
    "WordPress": "word press", "PowerPoint": "power point", "LaTeX": "lay tek",
    "Kubernetes": "coobernetties", "Nginx": "engine X", "Linux": "linnux",
    "résumé": "rezoo may", "résumés": "rezoo mays",
}  # fmt: skip
"""Names and terms that English voices guess wrong; matched with their case."""

FRACTIONS: Final[Mapping[str, str]] = {
    "1/2": "one half", "½": "one half", "1/3": "one third", "⅓": "one third", "2/3": "two thirds",
    "⅔": "two thirds", "1/4": "one quarter", "¼": "one quarter", "3/4": "three quarters",
    "¾": "three quarters",
}  # fmt: skip

REGENTS: Final = (
    "King", "Queen", "Pope", "Elizabeth", "Charles", "Henry", "Louis", "George", "William",
    "Edward", "James", "Richard", "John", "Paul", "Benedict", "Pius", "Philip", "Frederick",
    "Catherine", "Nicholas", "Alexander", "Napoleon", "Ramesses", "Felipe", "Carl", "Gustaf",
)  # fmt: skip
"""Names before which a Roman numeral is an ordinal."""

NUMBERED: Final = (
    "Chapter", "Part", "World War", "Phase", "Level", "Act", "Section", "Volume", "Type", "Grade",
    "Class", "Article", "Title", "Stage", "Tier", "Super Bowl", "Schedule", "Rocky", "Mark",
)  # fmt: skip
"""Words before which a Roman numeral is a number."""

SYMBOLS: Final[Mapping[str, str]] = {
    "<": "less than", ">": "greater than", "≤": "at most", "≥": "at least", "±": "plus or minus",
    "~": "about", "≈": "about", "≠": "is not", "→": "to", "π": "pi", "α": "alpha", "β": "beta",
    "γ": "gamma", "Δ": "delta", "δ": "delta", "λ": "lambda", "µ": "micro", "μ": "micro",
    "σ": "sigma", "Ω": "ohm", "ω": "omega", "©": "copyright", "§": "section",
}  # fmt: skip
"""Signs that English reads out; elsewhere they are silent."""

UNITS: Final[Mapping[str, str]] = {
    "km/h": "speed-kilometer-per-hour", "kph": "speed-kilometer-per-hour",
    "mph": "speed-mile-per-hour", "m/s": "speed-meter-per-second", "km²": "area-square-kilometer",
    "km2": "area-square-kilometer", "m²": "area-square-meter", "m2": "area-square-meter",
    "sqm": "area-square-meter", "qm": "area-square-meter", "m³": "volume-cubic-meter",
    "m3": "volume-cubic-meter", "km": "length-kilometer", "cm": "length-centimeter",
    "mm": "length-millimeter", "µm": "length-micrometer", "nm": "length-nanometer",
    "m": "length-meter", "ft": "length-foot", "kg": "mass-kilogram", "mg": "mass-milligram",
    "g": "mass-gram", "t": "mass-tonne", "lb": "mass-pound", "lbs": "mass-pound",
    "oz": "mass-ounce", "ha": "area-hectare", "ml": "volume-milliliter", "l": "volume-liter",
    "L": "volume-liter", "°C": "temperature-celsius", "℃": "temperature-celsius",
    "°F": "temperature-fahrenheit", "°": "angle-degree", "kW": "power-kilowatt",
    "MW": "power-megawatt", "GW": "power-gigawatt", "W": "power-watt",
    "kWh": "energy-kilowatt-hour", "V": "electric-volt", "Hz": "frequency-hertz",
    "kHz": "frequency-kilohertz", "MHz": "frequency-megahertz", "GHz": "frequency-gigahertz",
    "kB": "digital-kilobyte", "MB": "digital-megabyte", "GB": "digital-gigabyte",
    "TB": "digital-terabyte", "ms": "duration-millisecond", "s": "duration-second",
    "min": "duration-minute", "mins": "duration-minute", "h": "duration-hour",
    "hrs": "duration-hour", "Std.": "duration-hour", "%": "concentr-percent",
    "yrs": "duration-year", "км": "length-kilometer", "кг": "mass-kilogram", "м": "length-meter",
    "см": "length-centimeter", "мм": "length-millimeter", "м²": "area-square-meter",
    "т": "mass-tonne", "км/ч": "speed-kilometer-per-hour", "км/год": "speed-kilometer-per-hour",
    "χλμ": "length-kilometer", "τ.μ.": "area-square-meter",
}  # fmt: skip
"""Units as they are written behind a number, and what CLDR calls them."""

CURRENCY_SIGNS: Final[Mapping[str, str]] = {
    "US$": "USD", "A$": "AUD", "C$": "CAD", "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY",
    "₹": "INR", "zł": "PLN", "₴": "UAH", "₽": "RUB", "EUR": "EUR", "USD": "USD", "GBP": "GBP",
    "CHF": "CHF", "PLN": "PLN", "SEK": "SEK", "DKK": "DKK", "NOK": "NOK", "CZK": "CZK",
}  # fmt: skip

SCALES: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million",
           "bn": "billion", "B": "billion", "tn": "trillion", "thousand": "thousand",
           "million": "million", "billion": "billion", "trillion": "trillion"},
    "de": {"Mio.": "Millionen", "Mrd.": "Milliarden", "Tsd.": "Tausend", "Millionen": "Millionen",
           "Milliarden": "Milliarden"},
    "fr": {"millions": "millions d'", "milliards": "milliards d'", "k": "mille"},
    "es": {"millones": "millones de", "mil": "mil"},
    "it": {"milioni": "milioni di", "miliardi": "miliardi di"},
    "nl": {"miljoen": "miljoen", "miljard": "miljard"},
    "pl": {"mln": "milionów", "mld": "miliardów", "tys.": "tysięcy"},
    "sv": {"miljoner": "miljoner", "miljarder": "miljarder", "mkr": "miljoner kronor"},
    "da": {"mio.": "millioner", "mia.": "milliarder", "millioner": "millioner"},
    "nb": {"mill.": "millioner", "mrd.": "milliarder", "millioner": "millioner"},
    "pt": {"milhões": "milhões de", "mil": "mil"},
    "el": {"εκατ.": "εκατομμύρια", "δισ.": "δισεκατομμύρια"},
    "ru": {"млн": "миллионов", "млрд": "миллиардов", "тыс.": "тысяч"},
    "uk": {"млн": "мільйонів", "млрд": "мільярдів", "тис.": "тисяч"},
}  # fmt: skip

PERIODS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"h": "hour", "hr": "hour", "hour": "hour", "day": "day", "d": "day", "week": "week",
           "wk": "week", "month": "month", "mo": "month", "mth": "month", "year": "year",
           "yr": "year", "annum": "year", "shift": "shift", "person": "person"},
    "de": {"h": "Stunde", "Std.": "Stunde", "Stunde": "Stunde", "Tag": "Tag", "Woche": "Woche",
           "Monat": "Monat", "Jahr": "Jahr"},
    "fr": {"h": "heure", "jour": "jour", "mois": "mois", "an": "an"},
    "es": {"h": "hora", "hora": "hora", "día": "día", "mes": "mes", "año": "año"},
    "it": {"h": "ora", "ora": "ora", "mese": "mese", "anno": "anno"},
    "nl": {"u": "uur", "uur": "uur", "maand": "maand", "jaar": "jaar"},
    "pl": {"h": "godzinę", "godz.": "godzinę", "miesiąc": "miesiąc", "rok": "rok"},
    "sv": {"h": "timme", "tim": "timme", "månad": "månad", "år": "år"},
    "da": {"t": "time", "md.": "måned", "år": "år"},
    "nb": {"t": "time", "mnd": "måned", "år": "år"},
    "pt": {"h": "hora", "mês": "mês", "ano": "ano"},
}  # fmt: skip
"""What may follow a slash behind a number: "£12.50/h"."""
