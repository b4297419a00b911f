"use strict";
// The player's frame is as high as what it shows, where both come from one place (not from file:).
function fit(frame) {
  const page = frame.contentDocument;
  if (!page || !page.body) return;
  new ResizeObserver(() => { frame.style.height = `${page.body.scrollHeight}px`; }).observe(page.body);
}
document.addEventListener("DOMContentLoaded", () => {
  for (const frame of document.querySelectorAll(".player iframe")) {
    frame.addEventListener("load", () => fit(frame));
    fit(frame);
  }
});
