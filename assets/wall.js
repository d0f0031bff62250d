/* What a wall does by itself: turn its pages, move a little against burn-in, keep the screen awake.
 *
 * All rows of all pages are in the page already, and which page a row is on is its data-page: turning
 * is one rule of one style sheet, so that no frame is empty. Something that newly stops takes the
 * wall back to page 1, where the worst units are.
 */
(function () {
  "use strict";
  const TURN_MS = 15000, ORBIT_MS = 120000, CURSOR_MS = 3000;
  const ORBIT_PX = [[0, 0], [8, 0], [8, 8], [0, 8], [-8, 8], [-8, 0], [-8, -8], [0, -8], [8, -8]];
  const sheet = new CSSStyleSheet();
  let rows = null, page = 1, turned = 0, orbit = 0, stopped = new Set();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  const label = () => document.querySelector("[data-turns]");
  const pages = () => Number(label() ? label().dataset.turns : 1);
  const stops = () => new Set([...rows.querySelectorAll('[data-look="stop"]:not(.is-stale)')].map((el) => el.dataset.unit));

  function turn(to) {
    page = to > pages() ? 1 : to;
    turned = performance.now();
    sheet.replaceSync('.rows > [data-page]:not([data-page="' + page + '"]) { display: none; }');
    rows.dataset.shown = String(page);
    if (label()) label().textContent = "page " + page + " of " + pages();
  }

  const watch = new MutationObserver(function () {
    const now = stops(), fresh = [...now].some((id) => !stopped.has(id));
    stopped = now;
    if (fresh) turn(1);
  });

  function find() {
    const found = document.querySelector(".wall .rows");
    if (found === rows) return;
    rows = found;
    watch.disconnect();
    if (!rows) { sheet.replaceSync(""); return; }
    stopped = stops();
    watch.observe(rows, {subtree: true, attributes: true, attributeFilter: ["data-look"]});
    turn(1);
    words();
    awake();
  }

  function awake() {
    if (rows && "wakeLock" in navigator && document.visibilityState === "visible")
      navigator.wakeLock.request("screen").catch(function () {});
  }

  /* Which word stands behind a running time: minutes, or hours. */
  function words() {
    for (const el of rows.querySelectorAll(".n-clock [data-since]")) {
      const long = el.textContent.length > 5 ? "yes" : "no";
      if (el.dataset.long !== long) el.dataset.long = long;
    }
  }

  let still = 0;
  document.addEventListener("mousemove", function () {
    document.documentElement.style.cursor = "";
    clearTimeout(still);
    if (rows) still = setTimeout(() => { document.documentElement.style.cursor = "none"; }, CURSOR_MS);
  });
  document.addEventListener("visibilitychange", awake);
  setInterval(function () {
    find();
    if (rows) words();
    if (rows && pages() > 1 && performance.now() - turned >= TURN_MS) turn(page + 1);
  }, 500);
  setInterval(function () {
    const wall = document.querySelector(".wall");
    orbit = (orbit + 1) % ORBIT_PX.length;
    if (wall) wall.style.transform = "translate(" + ORBIT_PX[orbit].map((n) => n + "px").join(",") + ")";
  }, ORBIT_MS);
})();
