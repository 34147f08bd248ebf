// Small things that a static page cannot say in HTML alone.
(function () {
  "use strict";

  // What may be wider than the column scrolls in its own box; a box that scrolls can be focused.
  const BOXES =
    "div.formula, .pst-scrollable-table-container, div.highlight > pre, .cell_output .text_html";

  function nameScrollBoxes() {
    for (const box of document.querySelectorAll(BOXES)) {
      const scrolls = box.scrollWidth > box.clientWidth + 1;
      if (scrolls && !box.hasAttribute("tabindex")) {
        box.tabIndex = 0;
        box.dataset.scrolls = "";
      } else if (!scrolls && "scrolls" in box.dataset) {
        box.removeAttribute("tabindex");
        delete box.dataset.scrolls;
      }
    }
  }

  // Task lists come without names for their check boxes.
  function nameCheckboxes() {
    for (const box of document.querySelectorAll("li.task-list-item input[type=checkbox]")) {
      if (!box.hasAttribute("aria-label")) {
        box.setAttribute("aria-label", box.parentElement.textContent.trim());
      }
    }
  }

  // ipywidgets' sliders and progress bars come without names, and may be added late.
  function nameWidgets() {
    for (const handle of document.querySelectorAll(".noUi-handle[role=slider]:not([aria-label])")) {
      const slider = handle.closest(".widget-slider, .jupyter-widget-slider");
      const label = slider && slider.querySelector(".widget-label");
      handle.setAttribute("aria-label", (label && label.textContent.trim()) || "slider");
    }
    for (const bar of document.querySelectorAll(".progress[role=progressbar]:not([aria-label])")) {
      bar.setAttribute("aria-label", "progress");
    }
  }

  function start() {
    nameCheckboxes();
    nameScrollBoxes();
    if (document.fonts) document.fonts.ready.then(nameScrollBoxes);
    let waiting = 0;
    window.addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(nameScrollBoxes, 150);
    });
    document.addEventListener("toggle", nameScrollBoxes, true); // a closed box has no width
    document.addEventListener("click", () => setTimeout(nameScrollBoxes, 50));
    if (document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]')) {
      nameWidgets();
      const main = document.querySelector("main") || document.body;
      new MutationObserver(nameWidgets).observe(main, { childList: true, subtree: true });
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
