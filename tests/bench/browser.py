"""A page in Chromium that notes when each unit's newest source time reached the DOM."""

import contextlib
import json
from collections.abc import Iterator
from typing import NamedTuple

from selenium import webdriver

from tests.chromium import chromium

# [unit, source time, when it was in the DOM, `t` of the message that brought it], all in ms.
# The message's own time is read off the front of its text: nothing is parsed. Where tiles are not
# changed but made anew, new ones are looked through (`anew`).
RECORD = """
window.bench = {rows: [], had: {}};
const said = /"t":(\\d+)/;
function note(el, now, t) {
  const unit = el.dataset.unit, at = el.getAttribute("data-source-time");
  if (!unit || !at || window.bench.had[unit] === at) return;
  window.bench.had[unit] = at;
  window.bench.rows.push([unit, Number(at), now, t]);
}
new MutationObserver((found) => {
  const now = Date.now(), live = document.getElementById("live");
  const told = live && said.exec((live.getAttribute("data-v") || "").slice(0, 60));
  const t = told ? Number(told[1]) : 0;
  for (const m of found) {
    if (m.type === "attributes") { note(m.target, now, t); continue; }
    for (const el of m.addedNodes) if (el.querySelectorAll) {
      note(el, now, t);
      for (const e of el.querySelectorAll("[data-unit]")) note(e, now, t);
    }
  }
}).observe(document.documentElement, {
  subtree: true, attributes: true, attributeFilter: ["data-source-time"], childList: arguments[0]});
"""
TAKE = "const rows = window.bench.rows; window.bench.rows = []; return JSON.stringify(rows);"


class Seen(NamedTuple):
    """One mutation: the unit, its new source time, when it was there, the message's own time [ms]."""

    unit: str
    source_ms: int
    dom_ms: int
    told_ms: int


class Page:
    """One open page with the recorder in it."""

    def __init__(self, driver: "webdriver.Chrome", url: str, *, anew: bool) -> None:
        self.driver = driver
        driver.get(url)
        driver.execute_cdp_cmd("Performance.enable", {})
        driver.execute_script(RECORD, anew)

    def take(self) -> list[Seen]:
        """What was recorded since it was last taken."""
        return [Seen(*row) for row in json.loads(self.driver.execute_script(TAKE))]

    def times(self) -> dict[str, float]:
        """Chromium's own sums for the page: main thread, scripts, layout, style [s]; heap [bytes]."""
        found = self.driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {m["name"]: m["value"] for m in found}


@contextlib.contextmanager
def page(url: str, *, anew: bool = False) -> Iterator[Page]:
    driver = chromium(size=(1920, 1080), log=False)
    try:
        yield Page(driver, url, anew=anew)
    finally:
        driver.quit()
