"""A browser without pictures: keeps cookies, sends forms, and does not follow redirects by itself."""

import tomllib
from pathlib import Path

import httpx

from store.first_people import demo_password, demo_pin
from store.keys import plant_key


class Visitor(httpx.Client):
    """One browser at the plant `url`, whose own pages send its forms."""

    def __init__(self, url: str, **options: object) -> None:
        each = httpx.Limits(max_keepalive_connections=0)  # nothing is left to be closed
        super().__init__(base_url=url, timeout=10, trust_env=False, limits=each, **options)  # type: ignore[arg-type]
        self.headers["Sec-Fetch-Site"] = "same-origin"

    def sign_in(self, id: str, password: str, to: str = "/") -> httpx.Response:
        return self.post("/login", data={"id": id, "password": password, "next": to})


def password_of(data: Path, id: str) -> str:
    """The password of a person of the demo plant whose data directory is `data`."""
    return demo_password(plant_key(data), id)


def pin_of(data: Path, id: str) -> str:
    return demo_pin(plant_key(data), id)


def as_person(plant: object, id: str) -> Visitor:
    """A browser in which a person of the demo plant is signed in."""
    config = tomllib.loads(plant.config.read_text())  # type: ignore[attr-defined]
    visitor = Visitor(plant.url)  # type: ignore[attr-defined]
    answer = visitor.sign_in(id, password_of(Path(config["data_dir"]), id))
    assert answer.status_code == 303, answer.text
    return visitor
