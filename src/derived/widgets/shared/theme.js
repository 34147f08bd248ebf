// Light or dark? The site, JupyterLab, Colab and VS Code each say it in their own way.
function pageScheme(root) {
  const page = document.documentElement,
    body = document.body;
  const named = page.dataset.theme || page.getAttribute("theme");
  if (named === "dark" || named === "light") return named;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false" ? "dark" : "light";
  if (body.classList.contains("vscode-dark")) return "dark";
  for (let node = root.parentElement; node; node = node.parentElement) {
    const part = getComputedStyle(node).backgroundColor.match(/[\d.]+/g);
    if (part && (part.length < 4 || Number(part[3]) > 0.5)) {
      const [red, green, blue] = part.map(Number);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
    }
  }
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// Keeps root's data-scheme equal to the page's, and calls redraw after every change of theme
// (what is drawn on a canvas does not follow a style sheet by itself).
export function followTheme(root, redraw, signal) {
  const update = () => {
    root.dataset.scheme = pageScheme(root);
    redraw();
  };
  const observer = new MutationObserver(update);
  const attributeFilter = [
    "data-theme",
    "theme",
    "class",
    "data-jp-theme-light",
    "data-jp-theme-name",
  ];
  observer.observe(document.documentElement, { attributes: true, attributeFilter });
  observer.observe(document.body, { attributes: true, attributeFilter });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  root.dataset.scheme = pageScheme(root);
}

// The value of a style variable as [red, green, blue], 0 ... 255, for drawing on a canvas.
export function rgb(root, variable) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = getComputedStyle(root).getPropertyValue(variable).trim();
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}
