// What every page does by script. Without it all of them still work: forms send, links lead.

const menu = document.getElementById("menu");
const menus = document.getElementById("menus");

if (menu && menus) {
  const narrow = window.matchMedia("(max-width: 56rem)");
  const show = (open) => {
    menu.setAttribute("aria-expanded", String(open));
    menus.hidden = narrow.matches && !open;
    menu.hidden = !narrow.matches;
  };
  show(false);
  menu.addEventListener("click", () => show(menu.getAttribute("aria-expanded") !== "true"));
  narrow.addEventListener("change", () => show(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.getAttribute("aria-expanded") === "true") {
      show(false);
      menu.focus();
    }
  });
}

// What is shown once is easy to copy: <button data-copiar="id of the element">.
for (const button of document.querySelectorAll("[data-copiar]")) {
  const source = document.getElementById(button.dataset.copiar);
  // A page that is not in a secure context has no clipboard.
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = "Copiado";
  });
}

// A form is sent once, however often its button is pressed.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.enviado) event.preventDefault();
    form.dataset.enviado = "sim";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-enviado]")) delete form.dataset.enviado;
});
