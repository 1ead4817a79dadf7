// Waits beside the person: asks how far the work is, and warns before unsaved changes are left behind.
// Everything works without it.

const FIRST = 1000;
const LONGEST = 10000;

function tell(text) {
  const live = document.querySelector("[data-shop-ai-live]");
  if (live && live.textContent !== text) live.textContent = text;
}

function replace(element, html) {
  // A parsed document runs no script; the server has escaped every value in it.
  const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  const focused = element.contains(document.activeElement);
  element.replaceWith(fresh);
  if (focused) fresh.focus();
  return fresh;
}

function watch(element) {
  let pause = FIRST;
  let timer = 0;

  async function ask() {
    if (document.hidden) return;
    try {
      const response = await fetch(element.dataset.shopAiPoll, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      const news = await response.json();
      if (news.version !== element.dataset.shopAiVersion) {
        pause = FIRST;
        tell(news.text);
        element = replace(element, news.html);
      }
      if (!news.busy) return document.removeEventListener("visibilitychange", wake);
    } catch (error) {
      if (Number(error.message) >= 400 && Number(error.message) < 500) return;
    }
    timer = setTimeout(ask, pause);
    pause = Math.min(pause * 1.5, LONGEST);
  }

  function wake() {
    clearTimeout(timer);
    pause = FIRST;
    ask();
  }

  document.addEventListener("visibilitychange", wake);
  timer = setTimeout(ask, pause);
}

function changed(field) {
  if (field.closest(".shop-ai-panel") || !field.name || field.type === "hidden") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((o) => o.selected !== o.defaultSelected) && field.dataset.shopAiFirst !== field.value;
  return field.value !== field.defaultValue;
}

function guard(panel) {
  const form = panel.closest("form");
  for (const select of form.querySelectorAll("select")) select.dataset.shopAiFirst = select.value;
  form.addEventListener("submit", (event) => {
    const ours = event.submitter && event.submitter.hasAttribute("formaction");
    if (ours && [...form.elements].some(changed) && !window.confirm(panel.dataset.unsaved)) event.preventDefault();
  });
}

document.querySelectorAll("[data-shop-ai-poll]").forEach(watch);
document.querySelectorAll(".shop-ai-panel").forEach(guard);
for (const button of document.querySelectorAll("[data-shop-ai-all]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...document.querySelectorAll('input[name="shop_ai-pick"]')];
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
  });
}
