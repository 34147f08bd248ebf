// The configuration in the page's address, so that a link carries it.
import { fromHash, toHash } from "./configuration.js";

// Inside JupyterLab, or in a frame of Colab or VS Code, the address is not the figure's to write.
const ownsAddress = () =>
  window.top === window &&
  !document.body.dataset.jpThemeLight &&
  !document.querySelector(".jp-LabShell, .jp-Notebook");

export class Address {
  constructor(key) {
    this.key = key;
    this.available = Boolean(key) && ownsAddress();
  }

  // The configuration that the address speaks of, missing entries from `base`; null if none.
  read(base) {
    return this.available ? fromHash(this.key, location.hash, base) : null;
  }

  write(configuration) {
    if (!this.available) return;
    try {
      history.replaceState(history.state, "", toHash(this.key, configuration));
    } catch {
      this.available = false; // a sandboxed page keeps its address
    }
  }

  // Puts the link on the clipboard; resolves to the sentence that says where it is now.
  async share(configuration) {
    this.write(configuration);
    try {
      await navigator.clipboard.writeText(location.href);
      return "The link to this configuration is on the clipboard.";
    } catch {
      return "The link to this configuration stands in the address bar.";
    }
  }

  // Calls action with the new configuration when the reader changes the address by hand.
  watch(base, action, signal) {
    if (!this.available) return;
    const heard = () => {
      const wanted = this.read(base());
      if (wanted) action(wanted);
    };
    window.addEventListener("hashchange", heard, { signal });
  }
}
