// The least host that the figures need: used by the tests when the book's own host is not there.
document.addEventListener("DOMContentLoaded", async () => {
  const find = (type) => [
    ...document.querySelectorAll(`script[type="application/vnd.jupyter.${type}+json"]`),
  ];
  const saved = JSON.parse(find("widget-state")[0].textContent).state;
  const styled = new Set();
  for (const view of find("widget-view")) {
    const values = saved[JSON.parse(view.textContent).model_id].state,
      heard = new Map();
    const model = {
      get: (name) => values[name],
      set(name, value) {
        const same = JSON.stringify(values[name]) === JSON.stringify(value);
        values[name] = value;
        if (!same) for (const action of [...(heard.get(`change:${name}`) || [])]) action();
      },
      save_changes() {},
      on: (name, action) => heard.set(name, [...(heard.get(name) || []), action]),
      off: (name, action) =>
        heard.set(
          name,
          (heard.get(name) || []).filter((other) => other !== action),
        ),
    };
    if (!styled.has(values._css)) {
      styled.add(values._css);
      document.head.append(
        Object.assign(document.createElement("style"), { textContent: values._css }),
      );
    }
    const el = Object.assign(document.createElement("div"), { className: "afm-view" });
    view.after(el);
    const url = URL.createObjectURL(new Blob([values._esm], { type: "text/javascript" }));
    const module = await import(url);
    module.default.render({ model, el, signal: new AbortController().signal, experimental: {} });
  }
});
