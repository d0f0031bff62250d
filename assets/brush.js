/* A part of the line of states, chosen with mouse or finger, opens as a window of its own. */
(function () {
  "use strict";
  const MIN = 60000, LEAST_PX = 12;
  let from = null, mark = null;

  const strip = (event) => event.target.closest && event.target.closest(".stripes[data-from]");
  const at = (bar, x) => {
    const box = bar.getBoundingClientRect();
    return Math.min(1, Math.max(0, (x - box.left) / box.width));
  };
  const iso = (ms) => new Date(ms).toISOString().slice(0, 16) + "Z";

  document.addEventListener("pointerdown", function (event) {
    const bar = strip(event);
    if (!bar || !bar.dataset.from || event.button) return;
    from = {bar: bar, x: event.clientX};
    mark = document.createElement("span");
    mark.className = "brush";
    bar.append(mark);
    bar.setPointerCapture(event.pointerId);
    event.preventDefault();
  });

  document.addEventListener("pointermove", function (event) {
    if (!from) return;
    const ends = [at(from.bar, from.x), at(from.bar, event.clientX)].sort((a, b) => a - b);
    mark.style.left = 100 * ends[0] + "%";
    mark.style.width = 100 * (ends[1] - ends[0]) + "%";
  });

  document.addEventListener("pointerup", function (event) {
    if (!from) return;
    const bar = from.bar, moved = Math.abs(event.clientX - from.x);
    const ends = [at(bar, from.x), at(bar, event.clientX)].sort((a, b) => a - b);
    mark.remove();
    from = null;
    if (moved < LEAST_PX) return;
    const low = Number(bar.dataset.from), long = Number(bar.dataset.until) - low;
    const start = Math.floor((low + ends[0] * long) / MIN) * MIN;
    const end = Math.max(start + MIN, Math.ceil((low + ends[1] * long) / MIN) * MIN);
    const place = location.pathname.split("/")[2];
    location.assign("/oee/" + place + "/" + iso(start) + ".." + iso(end));
  });

  document.addEventListener("pointercancel", function () {
    if (from) mark.remove();
    from = null;
  });
})();
