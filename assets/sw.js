/* The service worker: a page that is opened while Takt is away shows Takt's own words, and comes back.
 *
 * Served at /sw.js, so that its scope is everything. Navigations go to the network first; when that
 * gives nothing, or a gateway's error, the shell answers, which waits for Takt and opens the same address again.
 * Static files are kept, the newest ENTRIES_MAX of them. Live data and health never pass through here.
 */
(function () {
  "use strict";
  // Dash puts every script of this folder into the page, too: there it does nothing.
  if (typeof ServiceWorkerGlobalScope === "undefined" || !(self instanceof ServiceWorkerGlobalScope)) return;

  const VERSION = "takt-2", SHELL = "/assets/offline.html";
  const KEPT_FIRST = [SHELL, "/assets/theme.css", "/assets/fonts/inter-latin.woff2"];
  const STATIC = ["/assets/", "/_dash-component-suites/"];
  const ENTRIES_MAX = 150, NAVIGATION_MS = 8000, GATEWAY = [502, 503, 504];

  self.addEventListener("install", function (event) {
    self.skipWaiting();
    event.waitUntil(caches.open(VERSION).then((cache) =>
      cache.addAll(KEPT_FIRST.map((url) => new Request(url, {cache: "reload"})))));
  });

  self.addEventListener("activate", function (event) {
    event.waitUntil((async function () {
      for (const name of await caches.keys())
        if (name.startsWith("takt-") && name !== VERSION) await caches.delete(name);
      await self.clients.claim();
    })());
  });

  self.addEventListener("fetch", function (event) {
    const request = event.request, url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (url.pathname.startsWith("/api/") || url.pathname === "/healthz") return;
    if (request.mode === "navigate") event.respondWith(page(request));
    else if (STATIC.some((start) => url.pathname.startsWith(start))) event.respondWith(file(event, request, url));
  });

  async function page(request) {
    try {
      const late = new Promise((_, fail) => setTimeout(() => fail(new Error("late")), NAVIGATION_MS));
      const answer = await Promise.race([fetch(request), late]);
      // Takt's own answers bear its policy: that its data are away, say. A gateway's do not.
      if (!GATEWAY.includes(answer.status) || answer.headers.has("Content-Security-Policy")) return answer;
    } catch (error) { /* away: the shell answers */ }
    const shell = await caches.match(SHELL);
    return shell || new Response("Takt cannot be reached.", {status: 503, headers: {"Retry-After": "5"}});
  }

  /* An address with a fingerprint never changes: what is kept is used. Any other is asked for first. */
  async function file(event, request, url) {
    const cache = await caches.open(VERSION), fixed = /\.v\d|[?&]m=/.test(url.pathname + url.search);
    const kept = await cache.match(request);
    if (kept && fixed) return kept;
    try {
      const answer = await fetch(request);
      if (answer.ok && answer.type === "basic") event.waitUntil(keep(cache, request, answer.clone()));
      return answer;
    } catch (error) {
      const other = kept || await cache.match(request, {ignoreSearch: true});
      if (other) return other;
      throw error;
    }
  }

  async function keep(cache, request, answer) {
    await cache.put(request, answer);
    const first = KEPT_FIRST.map((path) => self.location.origin + path);
    const others = (await cache.keys()).filter((entry) => !first.includes(entry.url));   // oldest first
    for (const entry of others.slice(0, Math.max(0, others.length + first.length - ENTRIES_MAX))) await cache.delete(entry);
  }
})();
