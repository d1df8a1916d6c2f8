// The page of /exemplo: a key, a button, and what the server says.

import { Balto, MicrophoneError, openMicrophone } from "./balto.js";

const MOST_LINES = 300;
const form = document.querySelector("form");
const key = document.querySelector("#chave");
const button = document.querySelector("#comecar");
const state = document.querySelector("#estado");
const level = document.querySelector("#nivel");
const lines = document.querySelector("#eventos");

let microphone = null;
let balto = null;
let lock = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (balto) stop();
  else start();
});
document.addEventListener("visibilitychange", () => {
  if (balto && document.visibilityState === "visible") stayAwake();
});
if (!window.isSecureContext) {
  say("Esta página está sem HTTPS: o navegador não dará o microfone. Abra este endereço com https:// na frente.", "erro");
}

async function start() {
  button.disabled = true;
  say("Abrindo o microfone…", "conectando");
  const client = new Balto({
    key: key.value.trim(),
    client: "exemplo 1",
    onEvent: print,
    onState: ({ name, text }) => say(text, name),
  });
  try {
    microphone = await openMicrophone({
      onSamples: (samples) => {
        client.send(samples);
        level.value = Math.max(...samples.map(Math.abs)) / 32768;
      },
      onEnded: stop,
    });
  } catch (error) {
    button.disabled = false;
    say(error instanceof MicrophoneError ? error.message : "O microfone não abriu.", "erro");
    return;
  }
  balto = client;
  balto.start({ rate: microphone.rate });
  stayAwake();
  key.disabled = true;
  button.disabled = false;
  button.textContent = "Encerrar";
  const { code } = await balto.ended;
  microphone.stop();
  balto = null;
  lock?.release();
  level.value = 0;
  key.disabled = button.disabled = false;
  button.textContent = "Ouvir";
  if (code !== 1000) state.dataset.nome = "erro";
}

function stop() {
  microphone.stop();
  button.disabled = true;
  say("Esperando as últimas palavras…", "conectando");
  balto.end();
}

/** A phone that locks its screen takes the microphone away. */
async function stayAwake() {
  try {
    lock = await navigator.wakeLock?.request("screen");
  } catch {
    // Low battery, or a browser that has none: it works without.
  }
}

function say(text, name) {
  state.textContent = text;
  state.dataset.nome = name;
}

function print(event) {
  const line = document.createElement("li");
  const command = document.createElement("strong");
  command.textContent = event.comando;
  line.dataset.comando = event.comando;
  line.append(command, ` ${summary(event)}`);
  line.title = JSON.stringify(event);
  lines.prepend(line);
  while (lines.children.length > MOST_LINES) lines.lastChild.remove();
}

function summary(event) {
  const place = "inicio_s" in event ? `${seconds(event.inicio_s)} a ${seconds(event.fim_s)} s` : "";
  switch (event.comando) {
    case "autenticado":
      return `sessão ${event.sessao}${event.retomada ? `, retomada em ${seconds(event.recebido_s)} s` : ""}`;
    case "recebido":
      return `${seconds(event.recebido_s)} s no disco do servidor`;
    case "segmento":
      return `${place}, ${event.corte}`;
    case "transcricao":
      return `${place}: ${event.texto || `(${event.motivo ?? event.estado})`}`;
    case "recomendar":
      return event.mensagem;
    case "encaminhar":
      return event.motivo;
    case "aviso":
      return event.codigo;
    case "erro":
      return event.mensagem;
    default:
      return JSON.stringify(event);
  }
}

function seconds(value) {
  return value.toLocaleString("pt-BR", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
