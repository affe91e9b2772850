// What scrolls sideways can be reached and scrolled by keyboard, and only while it does scroll.
(() => {
  const reach = () => {
    for (const each of document.querySelectorAll(".mm-scroll, .cell_output, .math, mjx-container, figure.mm-figure")) {
      const isCut = getComputedStyle(each).overflowX === "hidden";
      const scrolls = !isCut && (each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight);
      if (scrolls) each.tabIndex = 0;
      else each.removeAttribute("tabindex");
    }
    // The handle of an ipywidgets slider has no name of its own; its label stands beside it.
    for (const handle of document.querySelectorAll(".widget-slider [role=slider]")) {
      const label = handle.closest(".widget-slider").querySelector(".widget-label");
      if (label) handle.setAttribute("aria-label", label.textContent);
    }
  };
  window.addEventListener("load", () => {
    reach();
    // Figures, formulas and widgets are drawn later, and a phone may be turned.
    new ResizeObserver(reach).observe(document.body);
  });
})();
