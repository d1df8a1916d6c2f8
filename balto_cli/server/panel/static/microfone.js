// The microphone test: this browser as a counter, with a key that lives ten minutes.

import { Balto, MicrophoneError, openMicrophone } from "/exemplo/balto.js";

const SILENCE_DB = -60;
const MOST_LINES = 100;
const start = document.getElementById("comecar");
const finish = document.getElementById("terminar");
const state = document.getElementById("estado");
const level = document.getElementById("nivel");
const heard = document.getElementById("ouvidos");
const nothing = document.getElementById("nada");

let microphone = null;
let balto = null;

start.addEventListener("click", begin);
// The form ends the trial at the server, which erases it; here the sound ends at once.
finish.addEventListener("submit", () => {
  microphone?.stop();
  balto?.close();
});

async function begin() {
  start.disabled = true;
  say("Abrindo o microfone…");
  const early = [];
  let take = (samples) => early.push(samples);
  try {
    microphone = await openMicrophone({
      onSamples: (samples) => {
        take(samples);
        show(samples);
      },
      onEnded: () => balto?.end(),
    });
  } catch (error) {
    return stop(error instanceof MicrophoneError ? error.message : "O microfone não abriu.");
  }
  const key = await askForKey();
  if (!key) return;
  finish.elements.chave.value = key.chave;
  finish.hidden = false;
  balto = new Balto({
    key: key.api_key,
    client: "painel 1",
    onEvent: print,
    onState: ({ text }) => say(text),
  });
  for (const samples of early) balto.send(samples);
  take = (samples) => balto.send(samples);
  balto.start({ rate: microphone.rate });
  level.hidden = false;
  start.hidden = true;
  const { code, text } = await balto.ended;
  microphone.stop();
  // The server revokes the key when its ten minutes are over.
  if (code === 4001 || code === 4006) say("Os dez minutos acabaram: o que foi dito está sendo apagado. Recarregue a página para outro teste.");
  else say(text);
}

async function askForKey() {
  let problem = "O servidor não respondeu. Tente de novo.";
  try {
    const response = await fetch("/admin/balcoes/microfone/chave", { method: "POST" });
    if (response.ok) return await response.json();
    if (response.headers.get("Content-Type")?.startsWith("application/json")) problem = (await response.json()).mensagem;
    else if (response.status === 401) problem = "Sua entrada no painel terminou: entre de novo.";
  } catch {
    // The sentence above says it.
  }
  microphone.stop();
  stop(problem);
  return null;
}

function stop(text) {
  say(text);
  start.disabled = false;
}

function say(text) {
  state.textContent = text;
}

function show(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / samples.length) / 32768;
  level.value = Math.max(SILENCE_DB, 20 * Math.log10(rms || 1e-6));
}

function print(event) {
  if (event.comando === "transcricao") {
    const nothingSaid = event.estado === "vazia" ? "(sem palavras)" : "(a transcrição falhou)";
    add(event.texto || nothingSaid, clock(event.inicio_s));
  } else if (event.comando === "recomendar") {
    add(`Sugestão: ${event.produto}. ${event.explicacao ?? ""}`, "", "sugestao");
  } else if (event.comando === "encaminhar") {
    add("Encaminhar ao farmacêutico.", "", "sugestao");
  } else if (event.comando === "aviso" || event.comando === "erro") {
    say(event.mensagem ?? `Aviso do servidor: ${event.codigo}.`);
  }
}

function add(text, time, kind) {
  nothing.hidden = true;
  const line = document.createElement("li");
  if (time) {
    const when = document.createElement("span");
    when.className = "hora";
    when.textContent = time;
    line.append(when);
  }
  const words = document.createElement("span");
  if (kind) words.className = kind;
  words.textContent = text;
  line.append(words);
  heard.append(line);
  while (heard.children.length > MOST_LINES) heard.firstChild.remove();
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
