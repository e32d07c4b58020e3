"use strict";

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-selects]")) event.target.select();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.select();
  // Without TLS browsers offer the older way alone.
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else document.execCommand("copy");
  button.textContent = "Copied";
});

// A page that shows a secret answers a form; reloading it would send the form again.
document.addEventListener("DOMContentLoaded", () => {
  const page = document.querySelector("[data-address]");
  if (page) history.replaceState(null, "", page.dataset.address);
});
