// Typesets TeX with MathJax when the book is built: JSON on stdin, JSON on stdout.
// In:  {mathjax, fonts, macros, formulas: [[tex, display], …]}
// Out: {html: [string, …], errors: [string | null, …], css}
"use strict";

const input = JSON.parse(require("fs").readFileSync(0, "utf8"));

require(input.mathjax)
  .init({
    loader: { load: ["input/tex", "output/chtml", "a11y/assistive-mml"] },
    tex: { macros: input.macros },
    chtml: { fontURL: input.fonts },
  })
  .then(async (MathJax) => {
    const adaptor = MathJax.startup.adaptor;
    const html = [];
    const errors = [];
    for (const [tex, display] of input.formulas) {
      MathJax.texReset(); // labels and numbers of one formula say nothing about the next
      const node = await MathJax.tex2chtmlPromise(tex, { display, em: 16, ex: 8, containerWidth: 1280 });
      const text = adaptor.outerHTML(node);
      const failed = /data-mjx-error="([^"]*)"/.exec(text);
      errors.push(failed ? failed[1] : null);
      html.push(
        text
          .replaceAll(' style="position: relative;"', "") // stands in the style sheet
          .replaceAll("; position: relative;", ";")
          .replaceAll(' style="height: NaNem;"', "")
          .replaceAll(' data-mjx-texclass="ORD"', ""),
      );
    }
    const css = adaptor.textContent(MathJax.chtmlStylesheet());
    process.stdout.write(JSON.stringify({ html, errors, css }));
  })
  .catch((error) => {
    process.stderr.write(String(error && error.stack ? error.stack : error));
    process.exit(1);
  });
