/* The painter: writes what the server sends into the page, and says when it no longer does.
 *
 * The server sets `data-v` on #live to {v, t, ok, why, since, rows: {key: {field: value}}}, the fields
 * that changed. A row goes to the elements with that `data-key`: "name" is the text of its
 * [data-f=name], "@x" an attribute of the element itself, "name@x" an attribute of its [data-f=name].
 * Nothing else is known here of what is shown.
 *
 * Clocks run here, so that they run on when the server does not:
 *   data-since=MS   the text is the time since then, with data-as="age" as "0.3 s"; with
 *                   data-while="live" it stands still while its tile is not live
 *   data-stale-at=MS  past that the element is stale (class is-stale, data-quality "stale")
 * Both compare with the server's clock, known to within the fastest delivery seen.
 *
 * What no callback touches comes as text, in `data-html` of #island, and is put into the page here.
 */
(function () {
  "use strict";
  const LATE_MS = 3000;      // no message for this long: offline banner
  const OLD_MS = 4000;       // a message that was under way for this long: likewise
  const DEAD_MS = 5000;      // then ask whether the server is back, and start again when it is
  const POLL_MS = 1000;
  const TICK_MS = 500;
  const NOT_LIVE = "[data-quality=stale], [data-quality=offline], [data-quality=bad]";
  const SKEW_MS = 300000;    // how long a fast delivery is taken for the difference of the clocks
  let live = null, heard = performance.now(), skew = 0, last = null, asking = false, good = 0;
  let was = "", found = new Map(), sinces = [], tiles = [], soon = 0, slowSince = null;
  let fastest = [Infinity, Infinity], turned = performance.now();   // in this while, in the one before

  /* A clock that nobody sets: the wall's own may be stepped, or drift for weeks. */
  const clock = () => performance.timeOrigin + performance.now();
  const serverNow = () => clock() - skew;
  const started = clock();
  const put = (el, name, value) => { if (el.getAttribute(name) !== value) el.setAttribute(name, value); };
  const text = (el, value) => {
    const node = el.firstChild;        // most slots have one text node: changing it moves no layout object
    if (node && node.nodeType === 3 && !node.nextSibling) { if (node.data !== value) node.data = value; }
    else if (el.textContent !== value) el.textContent = value;
  };

  /* The elements of a key and their slots; looked up once a page. */
  function targets(key) {
    let out = found.get(key);
    if (out === undefined) {
      out = [...document.querySelectorAll('[data-key="' + CSS.escape(key) + '"]')].map((el) => {
        const slots = new Map();
        for (const slot of el.querySelectorAll("[data-f]")) {
          const name = slot.dataset.f;
          if (!slots.has(name)) slots.set(name, []);
          slots.get(name).push(slot);
        }
        return {el: el, slots: slots};
      });
      found.set(key, out);
    }
    return out;
  }

  function paintRow(target, row, now, off) {
    const el = target.el;
    for (const field in row) {
      const at = field.indexOf("@"), value = row[field], name = at < 0 ? field : field.slice(0, at);
      for (const to of at === 0 ? [el] : target.slots.get(name) || []) {
        if (at < 0) { text(to, value); continue; }
        put(to, field.slice(at + 1), value);
        if (to.dataset.since !== undefined) run(to, now);
      }
    }
    if (row["@data-quality"] !== undefined) el.dataset.told = row["@data-quality"];
    if (el.dataset.staleAt !== undefined) judge(el, now, off);
  }

  function paint(message) {
    const now = serverNow(), off = offline();
    for (const key in message.rows) {
      try {
        for (const target of targets(key)) paintRow(target, message.rows[key], now, off);
      } catch (error) { console.error(key, error); }    // one odd row does not stop the others
    }
    if (off !== was) tick();
  }

  const two = (n) => String(n).padStart(2, "0");
  function span(ms) {
    const s = Math.max(0, Math.floor(ms / 1000)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return h ? h + ":" + two(m) + ":" + two(s % 60) : two(m) + ":" + two(s % 60);
  }

  function age(ms) {
    if (ms >= 60000) return span(ms);
    return ms >= 10000 ? Math.floor(ms / 1000) + " s" : (Math.floor(Math.max(0, ms) / 100) / 10).toFixed(1) + " s";
  }

  function run(el, now) {
    if (el.dataset.while && el.closest(NOT_LIVE)) return;
    const ms = now - Number(el.dataset.since);
    text(el, !el.dataset.since ? "–" : el.dataset.as === "age" ? age(ms) : span(ms));
  }

  function judge(el, now, off) {
    if (el.dataset.told === undefined) el.dataset.told = el.dataset.quality || "good";
    const stale = now > Number(el.dataset.staleAt);
    if (el.classList.contains("is-stale") !== stale) el.classList.toggle("is-stale", stale);
    put(el, "data-quality", off ? "offline" : stale ? "stale" : el.dataset.told);
  }

  function tick() {
    const now = serverNow(), off = offline();
    was = off;
    let next = TICK_MS;
    for (const el of tiles) {
      judge(el, now, off);
      const left = Number(el.dataset.staleAt) - now;
      if (left >= 0 && left < next) next = left;
    }
    clearTimeout(soon);                // a tile grows stale when it does, not at the next tick
    if (next < TICK_MS) soon = setTimeout(tick, next + 1);
    for (const el of sinces) run(el, now);
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
    const since = last ? (!last.ok && last.since) || last.t : started;
    text(bar, off + " · nothing new for " + span(now - since));
  }

  function receive() {
    const v = live.getAttribute("data-v");
    if (!v) return;
    const message = JSON.parse(v), took = clock() - message.t;
    heard = performance.now();
    if (heard - turned > SKEW_MS) { fastest = [Infinity, fastest[0]]; turned = heard; }
    fastest[0] = Math.min(fastest[0], took);
    skew = Math.min(fastest[0], fastest[1]);            // the fastest delivery tells the clocks apart
    message.age = took - skew;
    slowSince = message.age > OLD_MS ? slowSince || heard : null;
    last = message; good = 0;
    paint(message);
    put(live, "data-painted", String(message.v));
  }

  /* A page that was drawn anew has other elements: look them up again. */
  const watch = new MutationObserver(receive);
  function find() {
    const el = document.getElementById("live");
    if (!el || el === live) return;
    live = el;
    const island = document.getElementById("island");
    if (island) island.innerHTML = island.dataset.html;
    found = new Map();
    sinces = [...document.querySelectorAll("[data-since]")];
    tiles = [...document.querySelectorAll("[data-stale-at]")];
    watch.disconnect();
    watch.observe(el, {attributes: true, attributeFilter: ["data-v"]});
    receive();
    tick();
  }

  const dead = () => performance.now() - (slowSince || heard) >= DEAD_MS;

  /* Two good answers in a row, then reload, spread out so that fifty walls do not come at once. */
  async function ask() {
    if (asking || !dead()) return;
    asking = true;
    try {
      const answer = await fetch("/healthz", {cache: "no-store", signal: AbortSignal.timeout(2 * POLL_MS)});
      good = answer.ok ? good + 1 : 0;
    } catch (error) { good = 0; }
    if (good >= 2) {
      good = 0;
      await new Promise((wake) => setTimeout(wake, Math.random() * 2000));
      if (dead()) location.reload();
      heard = Math.max(heard, performance.now() - LATE_MS - 1);   // still offline, but give the page time to load
    }
    asking = false;
  }

  /* Silent because nobody may see this any more, after signing out say: the page leads to where one signs in. */
  let checked = 0;
  async function stillMine() {
    const now = performance.now();
    if (now - heard < LATE_MS || now - checked < 2 * POLL_MS) return;
    checked = now;
    try {
      const answer = await fetch(location.href, {method: "HEAD", redirect: "manual", cache: "no-store"});
      if (answer.type === "opaqueredirect") location.reload();
    } catch (error) { /* away: `ask` sees to it */ }
  }

  setInterval(tick, TICK_MS);
  setInterval(ask, POLL_MS);
  setInterval(stillMine, POLL_MS);
  find();
  new MutationObserver(find).observe(document.body, {childList: true, subtree: true});
  /* A page that is left must not be kept in the browser's back/forward cache: its worker, which all pages
     share, would stand still with it. A held lock keeps it out; so does what the server says of caching. */
  if (navigator.locks) navigator.locks.request("takt", {mode: "shared"}, () => new Promise(() => {}));
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(function () {});
  window.takt = {serverNow: serverNow};
})();
