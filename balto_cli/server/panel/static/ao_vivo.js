// Ao vivo: what the server tells of each counter, put into its card as text.

const list = document.getElementById("balcoes");
const connection = document.getElementById("conexao");
const hearing = document.getElementById("ouvindo");
const sound = document.getElementById("som");
const cards = new Map();

for (const card of list ? list.children : []) {
  const fields = {};
  for (const element of card.querySelectorAll("[data-campo]")) fields[element.dataset.campo] = element;
  cards.set(card.dataset.balcao, { card, fields });
  if (fields.ouvir) fields.ouvir.addEventListener("click", () => play(fields.ouvir));
}

function write(element, text) {
  // Untouched nodes cost nothing, and a selection in them stays.
  if (element.textContent !== text) element.textContent = text;
}

function stateOf(now) {
  if (now.falando) return "ouvindo fala";
  if (now.ligado) return "ouvindo";
  return "desde_texto" in now ? "conexão caiu" : "desligado";
}

function show(identity, now) {
  const found = cards.get(identity);
  if (!found) {
    // A counter that was registered after the page was made.
    location.reload();
    return;
  }
  const { card, fields } = found;
  card.classList.toggle("ligado", now.ligado);
  card.classList.toggle("falando", Boolean(now.falando));
  fields.estado.classList.toggle("ok", now.ligado);
  write(fields.estado, stateOf(now));
  if (!("desde_texto" in now)) {
    fields.vivo.hidden = true;
    write(fields.desde, "desligou agora há pouco");
    return;
  }
  fields.vivo.hidden = false;
  if (now.ligado) write(fields.desde, `desde ${now.desde_texto}`);
  fields.nivel.setAttribute("width", now.nivel);
  write(fields.nivel_texto, now.nivel_texto);
  write(fields.ruido_texto, now.ruido_texto);
  write(fields.fila, now.atraso_texto ? `${now.fila} · atraso ${now.atraso_texto}` : String(now.fila));
  const last = now.ultima;
  if (!last) return;
  const nothing = last.estado === "vazia" ? "não ouviu palavras" : "sem transcrição";
  write(fields.texto, last.texto || nothing);
  for (const name of ["em_texto", "provedor", "latencia_texto", "demora_texto"]) write(fields[name], last[name]);
  fields.abrir.href = `/admin/historico/${last.id}`;
  if (fields.ouvir) {
    fields.ouvir.dataset.interacao = last.id;
    fields.ouvir.disabled = false;
  }
}

async function play(button) {
  sound.src = `/admin/historico/${button.dataset.interacao}/audio`;
  try {
    await sound.play();
  } catch {
    write(connection, "O som deste trecho não está mais guardado.");
  }
}

if (list) {
  const source = new EventSource(list.dataset.eventos);
  source.addEventListener("open", () => write(connection, "Atualizando ao vivo"));
  source.addEventListener("error", () => write(connection, "Sem conexão: tentando de novo…"));
  source.addEventListener("message", (event) => {
    for (const [identity, now] of JSON.parse(event.data)) show(identity, now);
    write(hearing, String(list.querySelectorAll(".ligado").length));
  });
  source.addEventListener("fim", () => {
    source.close();
    location.reload();
  });
} else {
  write(connection, "");
}
