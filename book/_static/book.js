// Small things that a static page cannot say in HTML alone.
(function () {
  "use strict";

  // What may be wider than the column scrolls in its own box; a box that scrolls can be focused
  // with the keyboard, and says what it is.
  const BOXES = {
    "div.formula, span.math.wide": "Formula that scrolls sideways",
    ".pst-scrollable-table-container": "Table that scrolls sideways",
    "div.highlight > pre": "Code or output that scrolls sideways",
    ".cell_output .text_html": "Output that scrolls sideways",
    "figure.book-figure > .drawing": "Figure that scrolls sideways",
  };

  // A formula in a line of text cannot be broken; one that is wider than its line scrolls too.
  function findWideFormulas() {
    for (const formula of document.querySelectorAll("span.math")) {
      const line = formula.parentElement.closest("p, li, td, th, dd, figcaption, summary, div");
      const width = formula.firstElementChild ? formula.firstElementChild.offsetWidth : 0;
      formula.classList.toggle("wide", line.clientWidth > 0 && width > line.clientWidth);
    }
  }

  function nameScrollBoxes() {
    findWideFormulas();
    for (const [selector, label] of Object.entries(BOXES)) {
      for (const box of document.querySelectorAll(selector)) {
        const scrolls = box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0;
        if (scrolls && !("scrolls" in box.dataset)) {
          box.dataset.scrolls = "";
          box.tabIndex = 0;
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", label);
        } else if (!scrolls && "scrolls" in box.dataset) {
          delete box.dataset.scrolls;
          for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
        }
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
    for (const view of document.querySelectorAll(".explorable .jupyter-widgets")) {
      view.closest(".explorable").classList.add("drawn"); // room is kept until then
    }
  }

  // Paper is white: print in the light colours, with all pictures there.
  function preparePrinting() {
    const root = document.documentElement;
    let theme = null;
    window.addEventListener("beforeprint", () => {
      theme = root.dataset.theme;
      root.dataset.theme = "light";
      for (const image of document.images) image.loading = "eager";
    });
    window.addEventListener("afterprint", () => {
      if (theme) root.dataset.theme = theme;
    });
  }

  // A link to something inside a closed box opens the box.
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let box = target; box; box = box.parentElement) {
      if (box.tagName === "DETAILS") box.open = true;
    }
  }

  function watchScrollBoxes() {
    let waiting = 0;
    const later = () => {
      clearTimeout(waiting);
      waiting = setTimeout(nameScrollBoxes, 100);
    };
    window.addEventListener("resize", later);
    window.addEventListener("load", later);
    document.addEventListener("toggle", later, true); // a closed box had no width
    document.addEventListener("click", later);
    if (document.fonts) document.fonts.ready.then(nameScrollBoxes);
  }

  function start() {
    nameCheckboxes();
    nameScrollBoxes();
    watchScrollBoxes();
    preparePrinting();
    openTarget();
    window.addEventListener("hashchange", openTarget);
    if (document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]')) {
      nameWidgets();
      const main = document.querySelector("main") || document.body;
      new MutationObserver(nameWidgets).observe(main, { childList: true, subtree: true });
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
