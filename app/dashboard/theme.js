// A classic script, run before the page is drawn: a chosen theme never flashes in the other one.
(() => {
  const KEY = "clickstream-theme";
  const SIGNS = { system: "◐", light: "○", dark: "●" };
  const THEMES = Object.keys(SIGNS);
  let theme = localStorage.getItem(KEY);
  if (!THEMES.includes(theme)) theme = "system";

  const apply = () => {
    document.documentElement.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (button === null) return;
    const [sign, word] = button.children;
    sign.textContent = SIGNS[theme];
    word.textContent = theme;
    button.setAttribute("aria-label", `Theme: ${theme}`);
  };

  apply();
  addEventListener("DOMContentLoaded", () => {
    apply();
    document.getElementById("theme").addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      localStorage.setItem(KEY, theme);
      apply();
    });
  });
})();
