/* The painter: writes what the server sends into the page, and says when it no longer does.
 *
 * The server sets `data-v` on #live to {v, t, ok, why, rows: {key: row}}. A row goes to the element
 * with that `data-key`: "name" is the text of its [data-f=name], "@x" an attribute of the element
 * itself, "name@x" an attribute of its [data-f=name]. Nothing else is known here of what is shown.
 *
 * Clocks run here, so that they run on when the server does not:
 *   data-since=MS   the text is the time since then, with data-as="age" as "0.3 s"; with
 *                   data-while="live" it stands still while its tile is not live
 *   data-clock=IANA the text is site time
 *   data-stale-at=MS  past that the element is stale (class is-stale, data-quality "stale")
 * All compare with the server's clock, known to within the fastest delivery seen.
 */
(function () {
  "use strict";
  const LATE_MS = 3000;      // no message for this long: offline banner
  const OLD_MS = 4000;       // a message that was under way for this long: likewise
  const DEAD_MS = 5000;      // then ask whether the server is back, and start again when it is
  const POLL_MS = 1000;
  let live = null, heard = performance.now(), skew = null, last = null, asking = false, good = 0;
  const started = Date.now();

  const serverNow = () => Date.now() - (skew === null ? 0 : skew);
  const put = (el, name, value) => { if (el.getAttribute(name) !== value) el.setAttribute(name, value); };
  const text = (el, value) => { if (el.textContent !== value) el.textContent = value; };

  function paintRow(el, row) {
    for (const name in row) {
      const at = name.indexOf("@"), value = row[name];
      const to = at === 0 ? [el] : el.querySelectorAll('[data-f="' + (at < 0 ? name : name.slice(0, at)) + '"]');
      for (const e of to) at < 0 ? text(e, value) : put(e, name.slice(at + 1), value);
    }
    if (row["@data-quality"] !== undefined) el.dataset.told = row["@data-quality"];
  }

  function paint(message) {
    for (const key in message.rows)
      for (const el of document.querySelectorAll('[data-key="' + key + '"]')) paintRow(el, message.rows[key]);
    tick();
  }

  function span(ms) {
    const s = Math.max(0, Math.floor(ms / 1000)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    const two = (n) => String(n).padStart(2, "0");
    return h ? h + ":" + two(m) + ":" + two(s % 60) : two(m) + ":" + two(s % 60);
  }

  function age(ms) {
    if (ms >= 60000) return span(ms);
    return ms >= 10000 ? Math.floor(ms / 1000) + " s" : (Math.floor(Math.max(0, ms) / 100) / 10).toFixed(1) + " s";
  }

  function tick() {
    const now = serverNow(), off = offline();
    for (const el of document.querySelectorAll("[data-stale-at]")) {
      if (el.dataset.told === undefined) el.dataset.told = el.dataset.quality || "good";
      const stale = now > Number(el.dataset.staleAt);
      el.classList.toggle("is-stale", stale);
      put(el, "data-quality", off ? "offline" : stale ? "stale" : el.dataset.told);
    }
    for (const el of document.querySelectorAll("[data-since]")) {
      if (el.dataset.while && el.closest("[data-quality=stale], [data-quality=offline]")) continue;
      const ms = now - Number(el.dataset.since);
      text(el, !el.dataset.since ? "–" : el.dataset.as === "age" ? age(ms) : span(ms));
    }
    for (const el of document.querySelectorAll("[data-clock]"))
      text(el, new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit", timeZone: el.dataset.clock}).format(now));
    banner(off, now);
  }

  /* Why the page is not live, or "". Silence, messages that took too long, or the server's own word. */
  function offline() {
    const silent = performance.now() - heard;
    if (silent > LATE_MS) return "No connection to Takt";
    if (last && last.age > OLD_MS) return "The connection is too slow";
    if (last && !last.ok) return last.why || "Takt has no data";
    return "";
  }

  function banner(off, now) {
    document.documentElement.classList.toggle("is-offline", !!off);
    const bar = document.getElementById("offline");
    if (!bar) return;
    put(bar, "data-on", off ? "yes" : "no");
    if (!off) return;
    const since = last ? last.t : started;
    text(bar, off + " · nothing new for " + span(now - (last && !last.ok && last.since ? last.since : since)));
  }

  function receive() {
    const v = live.getAttribute("data-v");
    if (!v) return;
    const message = JSON.parse(v), took = Date.now() - message.t;
    if (skew === null || took < skew) skew = took;      // the fastest delivery tells the clocks apart
    message.age = took - skew;
    heard = performance.now();
    last = message; good = 0;
    paint(message);
    put(live, "data-painted", String(message.v));
  }

  const watch = new MutationObserver(receive);
  function find() {
    const el = document.getElementById("live");
    if (el && el !== live) { live = el; watch.disconnect(); watch.observe(el, {attributes: true, attributeFilter: ["data-v"]}); receive(); }
  }

  /* Two good answers in a row, then reload, spread out so that fifty walls do not come at once. */
  async function ask() {
    if (asking || performance.now() - heard < DEAD_MS) return;
    asking = true;
    try {
      const answer = await fetch("/healthz", {cache: "no-store", signal: AbortSignal.timeout(POLL_MS)});
      good = answer.ok ? good + 1 : 0;
    } catch (error) { good = 0; }
    if (good >= 2) {
      good = 0;
      await new Promise((wake) => setTimeout(wake, Math.random() * 2000));
      if (performance.now() - heard >= DEAD_MS) location.reload();
      heard = Math.max(heard, performance.now() - LATE_MS - 1);   // still offline, but give the page time to load
    }
    asking = false;
  }

  setInterval(tick, 500);
  setInterval(find, 100);              // a page that was drawn anew is found at once
  setInterval(ask, POLL_MS);
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(function () {});
  window.takt = {serverNow: serverNow};
})();
