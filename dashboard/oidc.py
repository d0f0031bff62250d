"""Signing in by an identity provider: OpenID Connect, authorization code with PKCE.

Discovery, the provider's keys and its answers are fetched when they are needed; what it says counts
only for this issuer, this client, this browser and this attempt (state, nonce), signed by a key of the
provider. What has to be known until the browser comes back stands in a cookie signed by us, so that
any process can take it up, and no restart loses it. Nobody is admitted by this: the `sub` has to stand
with a person on record.

Source: OpenID Connect Core 1.0, 3.1; RFC 7636.
"""

import base64
import hmac
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from store.config_access import AccessTable
from store.keys import derived
from store.live import dump, load

log = logging.getLogger("takt.access")

FETCH_S = 5.0
ATTEMPT_S = 600  # from going to the provider to coming back
METADATA_S = 3600  # discovery and keys are kept for so long
LEEWAY_S = 60  # clocks of the two may differ by this much
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


class ProviderAway(Exception):
    """The identity provider does not answer, or not as one."""


class ProviderRefused(Exception):
    """What came back does not say who it is. The words are for the log, not for the person."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the provider and back."""

    state: str
    nonce: str
    verifier: str
    to: str
    at_s: int


class Provider:
    """The identity provider of [access]."""

    def __init__(self, table: AccessTable, key: bytes) -> None:
        self._issuer, self._client_id = str(table.oidc_issuer), str(table.oidc_client_id)
        self._secret_file = table.oidc_client_secret_file
        self._key = derived(key, "oidc")
        self._known: dict[str, Any] = {}
        self._known_until = 0.0

    async def begin(self, back: str, to: str) -> tuple[str, str]:
        """The address at the provider, and the text of the cookie. Raises ProviderAway."""
        metadata = await self._metadata()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        attempt = Attempt(state, nonce, verifier, to, int(time.time()))
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": back,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.verifier),
            "code_challenge_method": "S256",
        }
        return add_params_to_uri(metadata["authorization_endpoint"], asked), self._sealed(attempt)

    async def subject(self, cookie: str, *, state: str, code: str, back: str) -> tuple[str, str]:
        """Who came back with `code`, as the provider calls him, and where he wanted to.

        Raises ProviderAway, ProviderRefused.
        """
        attempt = self._opened(cookie)
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise ProviderRefused("the state is another one")
        metadata = await self._metadata()
        token = await self._token(metadata, attempt, code, back)
        claims = await self._claims(metadata, token, attempt.nonce)
        return str(claims["sub"]), attempt.to

    async def _token(
        self, metadata: dict[str, Any], attempt: Attempt, code: str, back: str
    ) -> dict[str, Any]:
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": attempt.verifier,
            "client_id": self._client_id,
        }
        auth = None
        if self._secret_file is not None:
            secret = self._secret_file.read_text(encoding="utf-8").strip()
            if "client_secret_basic" in metadata.get(
                "token_endpoint_auth_methods_supported", ["client_secret_basic"]
            ):
                auth = httpx.BasicAuth(self._client_id, secret)
            else:
                said["client_secret"] = secret
        found = await self._asked("POST", metadata["token_endpoint"], data=said, auth=auth)
        if not isinstance(found.get("id_token"), str):
            raise ProviderRefused("it gave no id_token")
        return found

    async def _claims(
        self, metadata: dict[str, Any], token: dict[str, Any], nonce: str
    ) -> dict[str, Any]:
        told = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(
            algorithms=[name for name in ALGORITHMS if name in told], strict_check_header=False
        )
        try:
            keys = KeySet.import_key_set(await self._keys(metadata))
            read = jwt.decode(token["id_token"], key=keys, registry=registry)
            options = {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
                "sub": {"essential": True},
                "exp": {"essential": True},
                "nonce": {"essential": True, "value": nonce},
            }
            params = {"nonce": nonce, "client_id": self._client_id}
            if "access_token" in token:
                params["access_token"] = token["access_token"]
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            self._known_until = 0.0  # its keys may have changed: fetched anew at the next attempt
            raise ProviderRefused(f"its id_token does not hold: {error}") from error
        if not isinstance(read.claims["sub"], str) or not read.claims["sub"]:
            raise ProviderRefused("its id_token names nobody")
        return dict(read.claims)

    async def _metadata(self) -> dict[str, Any]:
        if time.monotonic() < self._known_until:
            return self._known
        where = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._asked("GET", where)
        needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if lacks := [name for name in needed if not isinstance(found.get(name), str)]:
            raise ProviderAway(f"{where} names no {', '.join(lacks)}")
        if found["issuer"] != self._issuer:
            raise ProviderAway(f"{where} is that of {found['issuer']}")
        self._known, self._known_until = found, time.monotonic() + METADATA_S
        return found

    async def _keys(self, metadata: dict[str, Any]) -> Any:
        if "takt keys" not in metadata:
            metadata["takt keys"] = await self._asked("GET", metadata["jwks_uri"])
        return metadata["takt keys"]

    async def _asked(self, method: str, url: str, **named: Any) -> dict[str, Any]:
        here = httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")
        try:
            async with httpx.AsyncClient(timeout=FETCH_S, trust_env=not here) as client:
                answer = await client.request(method, url, **named)
            found = answer.json() if answer.status_code < 500 else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderAway(f"{url}: {error or type(error).__name__}") from error
        if not isinstance(found, dict):
            raise ProviderAway(f"{url} answered {answer.status_code}")
        if answer.status_code != 200:
            raise ProviderRefused(f"{url}: {answer.status_code} {found.get('error', '')}")
        return found

    def _sealed(self, attempt: Attempt) -> str:
        said = [attempt.state, attempt.nonce, attempt.verifier, attempt.to, attempt.at_s]
        text = base64.urlsafe_b64encode(dump(said).encode()).decode()
        return f"{text}.{hmac.digest(self._key, text.encode(), 'sha256').hex()}"

    def _opened(self, cookie: str) -> Attempt:
        text, _, seal = cookie.partition(".")
        right = hmac.digest(self._key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(seal.encode(), right.encode()):
            raise ProviderRefused("no attempt was begun in this browser")
        attempt = Attempt(*load(base64.urlsafe_b64decode(text).decode()))
        if not 0 <= time.time() - attempt.at_s <= ATTEMPT_S:
            raise ProviderRefused("the attempt took too long")
        return attempt
