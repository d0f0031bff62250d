"""What the pages of forms have in common: the plant, the one door, and a page for what is refused."""

from fastapi import Response
from fastapi.responses import HTMLResponse

from dashboard.doorway import Doorway
from layouts import refused
from store.config import Config

AWAY = "Takt cannot reach its data at the moment. It tries again by itself."


class Screen:
    """A page with forms."""

    def __init__(self, config: Config, doorway: Doorway) -> None:
        self._config, self._plant, self._doorway = config, config.plant, doorway
        self._theme = config.dashboard.theme

    def refused(self, words: str, status: int, *, again: bool = False) -> Response:
        """The page for whoever may not see what he asked for; again: it tries again by itself."""
        text = refused.page(words, theme=self._theme, again=again)
        return HTMLResponse(text, status_code=status)

    def away(self) -> Response:
        """The records cannot be read."""
        return self.refused(AWAY, 503, again=True)
