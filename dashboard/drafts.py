"""/api/v1/drafts/<form>: what who is signed in has begun to type into a form."""

import re

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from dashboard.api.records import READ
from dashboard.identity import who
from mes.records import Invalid
from store import live
from store.drafts import Drafts
from store.log.reading import is_text

FORM = re.compile(r"[a-z0-9][a-z0-9_:.-]{0,99}")


class DraftOut(BaseModel):
    """The fields of a form by name; none where there is no draft."""

    fields: dict[str, str]


def register(server: FastAPI, drafts: Drafts) -> None:
    def mine(form: str) -> str:
        asks = who()
        if not asks.signed_in:
            raise HTTPException(403, "drafts belong to people who are signed in")
        if not FORM.fullmatch(form):
            raise HTTPException(422, "form: expected up to 100 small letters, digits and _ : . -")
        return asks.person.id

    @server.get("/api/v1/drafts/{form}", tags=["drafts"], responses=READ)
    async def draft(form: str) -> DraftOut:
        """What the person who asks has begun to type into `form`."""
        person = mine(form)
        try:
            return DraftOut(fields=await drafts.get(person, form))
        except live.UNAVAILABLE as error:
            raise HTTPException(503, "drafts cannot be reached") from error

    @server.put("/api/v1/drafts/{form}", tags=["drafts"], responses=READ)
    async def keep(form: str, body: DraftOut) -> DraftOut:
        """Keep it; without fields it is forgotten."""
        person = mine(form)
        if not all(is_text(part) for field in body.fields.items() for part in field):
            raise HTTPException(422, "fields: found characters that are no text")
        try:
            await drafts.put(person, form, body.fields)
        except Invalid as error:
            raise HTTPException(422, str(error)) from error
        except live.UNAVAILABLE as error:
            raise HTTPException(503, "drafts cannot be reached") from error
        return body
