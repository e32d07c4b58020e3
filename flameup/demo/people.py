"""The people of the demo."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

YEAR = timedelta(days=365)

# First names, last names, country, hours from UTC, and how many of a hundred live there.
_PLACES = (
    (
        "Emma Olivia Noah Liam Ava Mason Grace Ethan Harper Logan Zoe Caleb",
        "Carter Brooks Nguyen Hayes Bennett Price Ramirez Foster Coleman Reed",
        ("US", -6, 26),
    ),
    (
        "Oliver Amelia George Isla Arthur Freya Oscar Poppy Imran Priya",
        "Hughes Patel Walker O'Connor Shaw Khan Davies Whitfield Ellis",
        ("GB", 0, 14),
    ),
    (
        "Lena Jürgen Sophie Felix Käthe Moritz Zoë Björn Anneliese Tim",
        "Müller Groß Weiß Schröder Fuchs Böhm Krüger Vogel Jäger",
        ("DE", 1, 14),
    ),
    (
        "Chloé Élodie Hugo Théo Manon Raphaël Inès Maëlle Noé Agnès",
        "Lefèvre Dubois Garçon Moreau Bélanger Petit Rousseau Gauthier",
        ("FR", 1, 10),
    ),
    (
        "Lucía Mateo Sofía Álvaro Martín Inés Iñigo Paula Nicolás",
        "García Núñez Peña Ibáñez Romero Castaño Vidal Ortega",
        ("ES", 1, 8),
    ),
    (
        "Zofia Łukasz Małgorzata Paweł Agnieszka Kacper Wiktor Żaneta",
        "Kowalski Wiśniewski Dąbrowski Zając Król Pawłowski",
        ("PL", 1, 6),
    ),
    (
        "João Beatriz Thiago Letícia Gonçalo Marina Caio Antônia",
        "Silva Araújo Conceição Moura Brandão Teixeira",
        ("BR", -3, 8),
    ),
    ("陽菜 蓮 さくら 大翔 結衣 悠真 美咲", "佐藤 鈴木 高橋 田中 渡辺 伊藤", ("JP", 9, 7)),
    ("Олена Тарас Соломія Андрій Наталія Богдан", "Шевченко Коваль Бондар Мельник", ("UA", 2, 4)),  # noqa: RUF001
    ("ليلى عمر نور يوسف سلمى كريم", "حداد منصور الخطيب سليمان", ("AE", 4, 3)),
)
_PLANS = ("free", "starter", "pro", "business")
_PLAN_SHARES = (52, 26, 17, 5)
_SOURCES = ("search", "newsletter", "friend", "ad", "podcast")
_SOURCE_SHARES = (38, 17, 22, 18, 5)


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who signed up during the year; `activity` is the chance of a visit on a day."""

    external_id: str
    email: str
    first_name: str
    last_name: str
    country: str
    hours_from_utc: int
    plan: str
    source: str
    signed_up_at: datetime
    left_at: datetime
    activity: float

    @property
    def payload(self) -> dict[str, object]:
        """What a client posts in order to create this person."""
        traits = {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "name": f"{self.first_name} {self.last_name}",
            "plan": self.plan,
            "country": self.country,
            "source": self.source,
            "signed_up_at": self.signed_up_at.isoformat(),
        }
        return {"external_id": self.external_id, "email": self.email, "traits": traits}


def make_people(count: int, end: datetime, random: Random) -> list[DemoPerson]:
    """Return people in the order of their sign-up, ever more of them toward `end`."""
    moments = sorted(end - YEAR * (1 - random.random() ** 0.65) for _ in range(count))
    return [_make_person(index, moment, end, random) for index, moment in enumerate(moments)]


def _make_person(index: int, moment: datetime, end: datetime, random: Random) -> DemoPerson:
    shares = [place[2] for _, _, place in _PLACES]
    firsts, lasts, (country, hours, _) = random.choices(_PLACES, shares)[0]
    first, last = random.choice(firsts.split()), random.choice(lasts.split())
    external_id = f"user_{1001 + index}"
    plan = random.choices(_PLANS, _PLAN_SHARES)[0]
    stays = timedelta(days=random.expovariate(1 / (60 if plan == "free" else 240)))
    signed_up_at = _at_daytime(moment, hours, random)
    return DemoPerson(
        external_id=external_id,
        email=_email(first, last, external_id, random),
        first_name=first,
        last_name=last,
        country=country,
        hours_from_utc=hours,
        plan=plan,
        source=random.choices(_SOURCES, _SOURCE_SHARES)[0],
        signed_up_at=min(signed_up_at, end - timedelta(minutes=30)),
        left_at=min(moment + stays, end),
        activity=min(random.lognormvariate(-2.15, 0.7), 0.8),
    )


def _at_daytime(moment: datetime, hours_from_utc: int, random: Random) -> datetime:
    """Return the same day at a time when people there are awake."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(hours=pick_hour(random) - hours_from_utc)


def pick_hour(random: Random) -> float:
    """Return an hour of the day: most in the afternoon and evening, few at night."""
    if random.random() < 0.6:  # noqa: PLR2004 (the share of the evening)
        return random.triangular(15, 24, 20)
    return random.triangular(6, 17, 11)


def _email(first: str, last: str, external_id: str, random: Random) -> str:
    """Return an address under example.com, in ASCII as far as the name can be spelt so."""
    spelt = f"{first}.{last}".lower().replace("ł", "l").replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore")
    name = plain.decode().replace("'", "").strip(".") or "hello"
    suffix = external_id.removeprefix("user_")
    return f"{name}{suffix}@{random.choice(('example.com', 'example.net', 'example.org'))}"
