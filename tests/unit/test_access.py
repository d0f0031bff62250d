"""Scope of a plant, hashes and keys, waiting after wrong attempts, where a form may lead."""

import stat

import pytest

from cli.settings import DEMO, settings
from dashboard.forms.parts import back_to
from dashboard.oidc import Provider, ProviderRefused
from layouts._html import to_html
from layouts._signature import fields, printed
from mes.records import Signature
from store.attempts import FREE, wait_after
from store.config_access import AccessTable
from store.credentials import Credentials, Kept, new_token
from store.first_people import demo_password, demo_pin
from store.keys import plant_key

PLANT = settings(DEMO).plant


def test_whoever_sees_the_whole_site_sees_the_plant_itself():
    assert PLANT.within(["north"]) is PLANT


def test_an_area_is_what_is_in_it():
    part = PLANT.within(["north/press-shop"])
    assert list(part.areas) == ["press-shop"]
    assert set(part.work_units) == {"press-1", "press-2", "press-3", "press-4"}
    assert list(part.devices) == ["press-plc"]


def test_what_is_above_stays_with_nothing_else_in_it():
    part = PLANT.within(["north/press-shop/press-line/press-2"])
    assert (list(part.areas), list(part.work_centers)) == (["press-shop"], ["press-line"])
    assert list(part.work_units) == ["press-2"]
    assert part.devices["press-plc"].work_units == ("press-2",)
    assert part.area_of(part.work_units["press-2"]).id == "press-shop"


@pytest.mark.parametrize("scope", [[], ["south"], ["north/press"]])
def test_a_scope_elsewhere_is_an_empty_plant(scope):
    part = PLANT.within(scope)
    assert not part.areas
    assert not part.work_units
    assert not part.devices


def test_two_parts_are_both():
    part = PLANT.within(["north/assembly/assembly-line-1", "north/press-shop"])
    assert set(part.work_centers) == {"press-line", "assembly-line-1"}
    assert set(part.areas) == {"press-shop", "assembly"}


def test_the_key_of_a_plant_is_made_once_and_for_its_owner_alone(tmp_path):
    key = plant_key(tmp_path)
    assert plant_key(tmp_path) == key
    assert len(key) == 32
    mode = (tmp_path / "secrets/plant.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert plant_key(tmp_path / "other") != key


def test_demo_passwords_belong_to_the_key():
    one, two = b"1" * 32, b"2" * 32
    assert demo_password(one, "admin") == demo_password(one, "admin")
    assert demo_password(one, "admin") != demo_password(two, "admin")
    assert demo_password(one, "admin") != demo_password(one, "operator")
    assert len(demo_password(one, "admin")) >= 12
    assert len(demo_pin(one, "admin")) == 6


def test_only_the_right_secret_is_right():
    secrets = Credentials(b"k" * 32)
    for kind in ("password", "pin", "badge", "token"):
        kept = Kept(
            owner="person:a", kind=kind, hash=secrets.hashed(kind, "right"), changed_at_us=1
        )
        assert "right" not in kept.hash
        assert secrets.verify(kept, "right")
        assert not secrets.verify(kept, "wrong")
        assert not secrets.verify(None, "right")
    assert secrets.hashed("password", "a").startswith("$argon2id$")
    assert secrets.hashed("password", "a") != secrets.hashed("password", "a")
    assert secrets.hashed("token", "a") != secrets.hashed("badge", "a")
    assert Credentials(b"l" * 32).hashed("token", "a") != secrets.hashed("token", "a")
    assert len(new_token()) >= 43


def test_what_is_derived_from_the_plants_key_takes_no_slow_hash():
    secrets = Credentials(b"k" * 32)
    for kind in ("password", "pin"):
        hash = secrets.hashed(kind, "right", derived=True)
        kept = Kept(owner="person:a", kind=kind, hash=hash, changed_at_us=0)
        assert "$" not in hash
        assert secrets.verify(kept, "right")
        assert not secrets.verify(kept, "wrong")
        assert not Credentials(b"l" * 32).verify(kept, "right"), "another plant's"


def test_waiting_grows_to_a_quarter_of_an_hour():
    waits = [wait_after(n, FREE["person"]) for n in range(4, 12)]
    assert waits == [0, 60, 120, 240, 480, 900, 900, 900]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "//e.example",
        "/\\e.example",
        "https://e.example",
        "/a\nb",
        "/login",
        "/logout",
        "/welcome?link=x",
    ],
)
def test_a_form_leads_nowhere_else(path):
    assert back_to(path) == "/"


def test_a_form_leads_to_a_page_of_ours():
    assert back_to("/unit/press-1?a=b") == "/unit/press-1?a=b"


@pytest.mark.parametrize(
    "table",
    [
        {"oidc_issuer": "https://id.example"},
        {"oidc_client_id": "takt"},
        {"oidc_issuer": "http://id.example", "oidc_client_id": "takt"},
        {"oidc_issuer": "id.example", "oidc_client_id": "takt"},
        {"password_min": 7},
    ],
)
def test_a_setting_that_is_refused(table):
    with pytest.raises(ValueError, match=r"oidc|password_min"):
        AccessTable(**table)


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "e30=.00"])
def test_an_attempt_that_was_not_begun_here_is_none(cookie):
    table = AccessTable(oidc_issuer="https://id.example", oidc_client_id="takt")
    with pytest.raises(ProviderRefused):
        Provider(table, b"k" * 32)._opened(cookie)


def test_a_signature_is_printed_with_name_time_and_meaning():
    signed = [Signature("anna", "Anna <Berg>", "approved", 1_700_000_000_000_000)]
    text = to_html(printed(signed, "Europe/Berlin"))
    assert "approved by" in text
    assert "Anna &lt;Berg&gt;" in text
    assert "(anna), 2023-11-14 23:13:20 CET" in text
    assert printed([], "Europe/Berlin") is None
    form = to_html(fields("approved", other=True))
    assert 'name="sign_password" type="password"' in form
    assert "somebody else" in form
