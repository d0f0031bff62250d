/* The button that prints a page, or saves it as PDF: the browser's own print, in the page's print style. */
document.addEventListener("click", function (event) {
  if (event.target.closest("[data-action=print]")) window.print();
});
