// Tabs over panels, in as many lists as a page has; without scripts, and on paper, all panels stand below one another.
function showTab(id) {
  const chosen = document.querySelector(`[role=tab][aria-controls="${CSS.escape(id)}"]`);
  if (!chosen) return;
  for (const tab of chosen.closest("[role=tablist]").querySelectorAll("[role=tab]")) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).classList.toggle("off", tab !== chosen);
  }
  document.dispatchEvent(new CustomEvent("tab", { detail: id }));
}

function listenTabs() {
  for (const list of document.querySelectorAll("[role=tablist]")) listenTabList(list);
}

function listenTabList(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  list.hidden = false;
  for (const tab of tabs) {
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
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
