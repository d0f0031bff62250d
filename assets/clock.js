/* Site time on every page, with or without live data:
 *   data-clock=IANA      the text is the time of day there
 *   data-runs-from=MS    --at is the hours since then, as a line through a day needs it; past
 *                        data-runs-for hours it goes away
 * Time is the server's: on a live page as live.js knows it, else counted on from data-now=MS, when the page was drawn.
 */
(function () {
  "use strict";
  const TICK_MS = 500, HOUR_MS = 3600000, formats = new Map();
  const came = performance.getEntriesByType("navigation")[0];
  const began = came ? came.responseStart : 0;

  function serverNow() {
    if (window.takt) return window.takt.serverNow();
    const drawn = document.querySelector("[data-now]");
    return drawn ? Number(drawn.dataset.now) + performance.now() - began : NaN;
  }

  function siteTime(zone, now) {
    if (!formats.has(zone))
      formats.set(zone, new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit", timeZone: zone}));
    return formats.get(zone).format(now);
  }

  function tick() {
    const now = serverNow();
    if (Number.isNaN(now)) return;
    for (const el of document.querySelectorAll("[data-clock]")) {
      const text = siteTime(el.dataset.clock, now);
      if (el.textContent !== text) el.textContent = text;
    }
    for (const el of document.querySelectorAll("[data-runs-from]")) {
      const hours = (now - Number(el.dataset.runsFrom)) / HOUR_MS;
      el.style.setProperty("--at", hours.toFixed(3));
      el.hidden = hours >= Number(el.dataset.runsFor);
    }
  }

  setInterval(tick, TICK_MS);
  tick();
})();
