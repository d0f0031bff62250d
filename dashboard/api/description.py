"""The API's own description: OpenAPI at /api/openapi.json, a page to try it at /api/docs."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema

from dashboard.api.seen import BELOW
from dashboard.api.shapes import CHANGES

# Swagger UI 5.35.0 as its makers publish it: served by us, because plants have no internet.
DOCS_ASSETS = Path(__file__).resolve().parents[1] / "vendor" / "swagger-ui"
ETAG = "of a record its version, for If-Match; else a digest of the answer"
REF = "#/components/schemas/{model}"


def register(server: FastAPI) -> None:
    server.mount("/api/docs-assets", StaticFiles(directory=DOCS_ASSETS))
    server.get("/api/docs", include_in_schema=False)(_docs)
    generated = server.openapi

    def openapi() -> dict[str, Any]:
        """What FastAPI finds, the bodies of changes, which are read by hand, and ETags (Seen)."""
        if server.openapi_schema is None:
            found = generated()
            _, said = models_json_schema([(m, "validation") for m in CHANGES], ref_template=REF)
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in said["$defs"].items():
                schemas.setdefault(name, schema)
            for path, methods in found["paths"].items():
                get = methods.get("get") if path.startswith(BELOW) else None
                if get and "application/json" in get["responses"]["200"]["content"]:
                    _tell_seen(get)
        return server.openapi_schema or {}

    server.openapi = openapi  # type: ignore[method-assign]


def _tell_seen(operation: dict[str, Any]) -> None:
    """That it gives an ETag, and answers 304 to who names it."""
    etag = {"ETag": {"schema": {"type": "string"}, "required": True, "description": ETAG}}
    asked = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"},
             "required": False, "description": "the ETag of the answer that one has: 304"}  # fmt: skip
    operation.setdefault("parameters", []).append(asked)
    answers = operation["responses"]
    answers["200"]["headers"] = etag
    answers["304"] = {"description": "the answer is the one that one has", "headers": etag}


async def _docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/api/openapi.json",
        title="Takt API",
        swagger_js_url="/api/docs-assets/swagger-ui-bundle.js",
        swagger_css_url="/api/docs-assets/swagger-ui.css",
        swagger_favicon_url="/assets/favicon.svg",
        swagger_ui_parameters={"validatorUrl": None},
    )
