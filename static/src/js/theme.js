// Runs before the first paint: turns the reader's choice (auto, light, dark) into the theme of the page.
(() => {
  const page = document.documentElement;
  const night = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = page.dataset.theme || "auto";
    page.dataset.bsTheme = choice === "auto" ? (night.matches ? "dark" : "light") : choice;
  };
  apply();
  night.addEventListener("change", apply);
  new MutationObserver(apply).observe(page, { attributes: true, attributeFilter: ["data-theme"] });
})();
