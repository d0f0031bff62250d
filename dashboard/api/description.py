"""The API's own description: OpenAPI at /api/openapi.json, a page to try it at /api/docs."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema

from dashboard.api.shapes import CHANGES

# Swagger UI 5.35.0 as its makers publish it: served by us, because plants have no internet.
DOCS_ASSETS = Path(__file__).resolve().parents[1] / "vendor" / "swagger-ui"
REF = "#/components/schemas/{model}"


def register(server: FastAPI) -> None:
    server.mount("/api/docs-assets", StaticFiles(directory=DOCS_ASSETS))
    server.get("/api/docs", include_in_schema=False)(_docs)
    generated = server.openapi

    def openapi() -> dict[str, Any]:
        """What FastAPI finds, and the bodies of changes, which are read by hand."""
        if server.openapi_schema is None:
            found = generated()
            _, said = models_json_schema([(m, "validation") for m in CHANGES], ref_template=REF)
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in said["$defs"].items():
                schemas.setdefault(name, schema)
        return server.openapi_schema or {}

    server.openapi = openapi  # type: ignore[method-assign]


async def _docs() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="/api/openapi.json",
        title="Takt API",
        swagger_js_url="/api/docs-assets/swagger-ui-bundle.js",
        swagger_css_url="/api/docs-assets/swagger-ui.css",
        swagger_favicon_url="/assets/favicon.svg",
        swagger_ui_parameters={"validatorUrl": None},
    )
