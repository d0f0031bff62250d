"""A small identity provider of a test's own: discovery, keys, and codes for whoever it is told."""

import base64
import hashlib
import threading
import time
from typing import Any

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.own_redis import wait_until
from tests.ports import free_port


class OwnProvider:
    """`claims` are put into every id_token, over what would be right; `key` signs it."""

    def __init__(self) -> None:
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        self.subject, self.claims = "sub-of-anna", dict[str, Any]()
        self.key = self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self._asked: dict[str, dict[str, str]] = {}
        config = uvicorn.Config(self._app(), host="127.0.0.1", port=port, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> "OwnProvider":
        self._thread.start()
        wait_until(lambda: self._server.started, what="the provider listening")
        return self

    def end(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def discovery() -> dict[str, Any]:
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            return {"keys": [self.published.as_dict(private=False, kid="one", use="sig")]}

        @app.get("/authorize")
        def authorize(request: Request) -> RedirectResponse:
            said = dict(request.query_params)
            code = hashlib.sha256(said["state"].encode()).hexdigest()
            self._asked[code] = said
            back = f"{said['redirect_uri']}?code={code}&state={said['state']}"
            return RedirectResponse(back, status_code=303)

        @app.post("/token")
        def token(code: str = Form(), code_verifier: str = Form(), client_id: str = Form()) -> Any:
            asked = self._asked.pop(code, None)
            made = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest())
            if asked is None or made.decode().rstrip("=") != asked["code_challenge"]:
                return JSONResponse({"error": "invalid_grant"}, status_code=400)
            now = int(time.time())
            claims = {"iss": self.issuer, "sub": self.subject, "aud": client_id, "iat": now,
                      "exp": now + 60, "nonce": asked["nonce"], **self.claims}  # fmt: skip
            text = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
            return {"access_token": "unused", "token_type": "Bearer", "id_token": text}

        return app
