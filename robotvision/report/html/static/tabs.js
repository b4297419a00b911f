// Tabs over the panels of the measures; without scripts, and on paper, all panels stand below one another.
function showTab(id) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isShown = tab.getAttribute("aria-controls") === id;
    tab.setAttribute("aria-selected", String(isShown));
    tab.tabIndex = isShown ? 0 : -1;
    $(tab.getAttribute("aria-controls")).classList.toggle("off", !isShown);
  }
  state.tab = id;
  tell("tab");
}

function listenTabs() {
  const list = document.querySelector("[role=tablist]"), tabs = [...document.querySelectorAll("[role=tab]")];
  if (!list) return;
  list.hidden = false;
  for (const tab of tabs) {
    const panel = $(tab.getAttribute("aria-controls"));
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    panel.tabIndex = 0;
    tab.addEventListener("click", () => showTab(panel.id));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = tabs[(tabs.indexOf(tab) + by + tabs.length) % tabs.length];
      showTab(next.getAttribute("aria-controls"));
      next.focus();
    });
  }
  showTab(tabs[0].getAttribute("aria-controls"));
}
