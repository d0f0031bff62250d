"""Signing in by a real identity provider of the test's own: what lets somebody in, and what does not."""

import time

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.own_provider import OwnProvider
from tests.running_plant import RunningPlant
from tests.visitor import Visitor, as_person


@pytest.fixture(scope="module")
def provider():
    one = OwnProvider().start()
    yield one
    one.end()


@pytest.fixture(scope="module")
def plant(provider, tmp_path_factory):
    running = RunningPlant(tmp_path_factory.mktemp("oidc"))
    text = running.config.read_text().replace(
        "[access]\n",
        f'[access]\noidc_issuer = "{provider.issuer}"\noidc_client_id = "takt"\noidc_name = "Plant ID"\n',
    )
    running.config.write_text(text)
    running.start("redis", "dashboard")
    try:
        running.wait_people()
        running.wait_served()
        admin = as_person(running, "admin")
        form = {"what": "record", "version": "0", "id": "anna", "name": "Anna Berg", "key": "k1",
                "roles": "engineer", "scope": "north", "subject": "sub-of-anna"}  # fmt: skip
        assert admin.post("/people", data=form).status_code == 303
        yield running
    finally:
        running.end()


@pytest.fixture(autouse=True)
def _as_it_should_be(provider):
    provider.subject, provider.claims = "sub-of-anna", {}
    provider.key = provider.published


def comes_back(plant, visitor=None, **changes):
    """Go to the provider and come back, with some of the answer's parameters changed."""
    visitor = visitor or Visitor(plant.url)
    there = visitor.get("/login/oidc?next=/account")
    assert there.status_code == 303, there.text
    back = httpx.get(there.headers["location"], trust_env=False).headers["location"]
    url = httpx.URL(back)
    return visitor, visitor.get(url.copy_merge_params(changes).raw_path.decode())


def test_whoever_is_known_there_and_admitted_here_is_signed_in(plant):
    assert "Sign in with Plant ID" in Visitor(plant.url).get("/login").text
    visitor, answer = comes_back(plant)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert "Anna Berg" in visitor.get("/account").text


def test_somebody_who_is_not_admitted_here_stays_outside(plant, provider):
    provider.subject = "sub-of-somebody"
    visitor, answer = comes_back(plant)
    assert answer.status_code == 403
    assert visitor.get("/account").status_code == 303


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"exp": int(time.time()) - 600},
        {"sub": ""},
        {"sub": None},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_what_is_said_of_something_else_does_not_count(plant, provider, claims):
    provider.claims = claims
    visitor, answer = comes_back(plant)
    assert answer.status_code in (401, 403)
    assert visitor.get("/account").status_code == 303


def test_another_key_does_not_count(plant, provider):
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert comes_back(plant)[1].status_code == 401


def test_another_state_or_code_does_not_count(plant):
    assert comes_back(plant, state="another")[1].status_code == 401
    assert comes_back(plant, code="another")[1].status_code == 401


def test_an_answer_to_another_browser_does_not_count(plant):
    first = Visitor(plant.url)
    there = first.get("/login/oidc")
    back = httpx.get(there.headers["location"], trust_env=False).headers["location"]
    assert Visitor(plant.url).get(httpx.URL(back).raw_path.decode()).status_code == 401


def test_a_provider_that_is_away_is_said_and_passwords_go_on(plant, provider):
    port, provider_url = provider.issuer.rpartition(":")[2], plant.url
    visitor = Visitor(provider_url)
    there = visitor.get("/login/oidc")
    back = httpx.get(there.headers["location"], trust_env=False).headers["location"]
    assert port in there.headers["location"]
    provider.end()
    answer = visitor.get(httpx.URL(back).raw_path.decode())
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert as_person(plant, "quality").get("/account").status_code == 200
