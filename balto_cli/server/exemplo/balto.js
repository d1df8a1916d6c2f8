/*
 * A streaming client for browsers, in one file, without dependencies. The wire is described in docs/protocolo.md.
 *
 *   import { Balto, openMicrophone } from "/exemplo/balto.js";
 *
 *   const balto = new Balto({ key, onEvent: (event) => console.log(event.comando, event) });
 *   const microphone = await openMicrophone({ onSamples: (samples) => balto.send(samples) });
 *   balto.start({ rate: microphone.rate });
 *   …
 *   microphone.stop();
 *   await balto.end();          // the last words are cut and transcribed, then the server closes
 *
 * `openMicrophone` throws a `MicrophoneError`, whose message (in Portuguese) a person may read as it is; its `kind` is
 * "inseguro" (no HTTPS), "negado", "ausente", "ocupado" or "antigo" (a browser that cannot do it).
 *
 * `Balto` sends PCM rather than the container of a MediaRecorder: after a drop a container has to begin anew and what
 * was said in between is not heard, PCM goes on at the very sample; and it costs the server no decoder.
 * What the server has not confirmed is kept, at most a minute of it, and sent again after a drop. Events that the
 * server sends again come once.
 */

const WIRE_RATE = 16000;
const KEPT_S = 60;
const MOST_BUFFERED_BYTES = 1 << 18;
const FIRST_WAIT_S = 0.5;
const LONGEST_WAIT_S = 30;
const PING_S = 10;
const SILENT_S = 25;
const BEAT_MS = 500;

const FINAL = {
  1002: "O servidor não entendeu este cliente.",
  1003: "O servidor não entendeu este cliente.",
  1007: "O servidor não entendeu este cliente.",
  1009: "Este cliente mandou uma mensagem grande demais.",
  4001: "A chave não vale ou foi revogada: peça outra a quem opera o servidor.",
  4004: "O servidor não entendeu este cliente.",
  4005: "A sessão foi retomada em outra conexão.",
  4006: "A sessão foi encerrada por quem opera o servidor.",
};
const FULL = {
  chave: "Há sessões demais com esta chave.",
  endereco: "Há conexões demais deste endereço.",
  disco: "O disco do servidor está cheio.",
};

/** Why there is no microphone; `message` is for the person. */
export class MicrophoneError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = "MicrophoneError";
    this.kind = kind;
  }
}

/**
 * Open the microphone; call it from a click.
 *
 * @param {object} options
 * @param {(samples: Int16Array) => void} options.onSamples pieces of 100 ms, mono
 * @param {() => void} [options.onEnded] the microphone was unplugged or taken away
 * @param {string} [options.deviceId] as of `enumerateDevices`
 * @returns {Promise<{rate: number, label: string, stop: () => void}>} `rate` in samples a second
 */
export async function openMicrophone({ onSamples, onEnded = () => {}, deviceId }) {
  if (!window.isSecureContext) {
    throw new MicrophoneError(
      "inseguro",
      "O navegador só dá o microfone a páginas em HTTPS (ou em localhost). Abra este endereço com https:// na frente.",
    );
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    throw new MicrophoneError("antigo", "Este navegador não grava som em páginas. Use um Chrome, Edge, Firefox ou Safari atual.");
  }
  let stream;
  try {
    // As the counter sounds: what is noise is decided by the server.
    const plain = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    stream = await navigator.mediaDevices.getUserMedia({ audio: deviceId ? { ...plain, deviceId } : plain });
  } catch (error) {
    throw refused(error);
  }
  const [track] = stream.getAudioTracks();
  let opened;
  try {
    opened = await listenTo(stream, onSamples);
  } catch {
    track.stop();
    throw new MicrophoneError("antigo", "Este navegador não conseguiu ler o microfone. Atualize-o ou use outro.");
  }
  track.addEventListener("ended", onEnded);
  const stop = () => {
    track.removeEventListener("ended", onEnded);
    track.stop();
    opened.port.onmessage = null;
    if (opened.context.state !== "closed") opened.context.close();
  };
  return { rate: opened.context.sampleRate, label: track.label, stop };
}

async function listenTo(stream, onSamples) {
  let context = new AudioContext({ sampleRate: WIRE_RATE });
  let source;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    // Some browsers resample no microphone: then the server does.
    await context.close();
    context = new AudioContext();
    source = context.createMediaStreamSource(stream);
  }
  await context.audioWorklet.addModule(new URL("captura.js", import.meta.url));
  const options = { channelCount: 1, channelCountMode: "explicit" };
  const capture = new AudioWorkletNode(context, "balto-captura", options);
  capture.port.onmessage = ({ data }) => onSamples(data);
  // It puts out silence; what leads to no output is not run by every browser.
  source.connect(capture).connect(context.destination);
  await context.resume();
  return { context, port: capture.port };
}

function refused(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") {
    return new MicrophoneError("negado", "O microfone foi negado. Permita-o no cadeado ao lado do endereço e tente de novo.");
  }
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") {
    return new MicrophoneError("ausente", "Não há microfone. Ligue um e tente de novo.");
  }
  return new MicrophoneError("ocupado", "O microfone não abre: outro programa pode estar usando. Feche-o e tente de novo.");
}

/** One session over as many sockets as it takes. */
export class Balto {
  #key;
  #events;
  #client;
  #url;
  #onEvent;
  #onState;
  #rate = WIRE_RATE;
  #socket = null;
  #listening = false; // whether the server has said `autenticado`
  #kept = []; // {start, samples}: by place in the session, in samples of #rate
  #next = 0; // place of the next sample that comes
  #sent = 0; // place up to which the socket was given sound
  #confirmed = 0; // place up to which the server has it on disk for good
  #lastSeq = 0;
  #tries = 0;
  #authTries = 0;
  #timer = null;
  #beat = null;
  #heardAt = 0;
  #pingedAt = 0;
  #ending = false;
  #endSent = false;
  #resolve;

  /**
   * @param {object} options
   * @param {string} options.key of the counter
   * @param {string[]} [options.events] what the server is asked to tell
   * @param {string} [options.client] name and version of the program
   * @param {string | URL} [options.url] of `/ws`; by default that of the server that this file came from
   * @param {(event: object) => void} [options.onEvent] every message of the server, as it came
   * @param {(state: {name: string, text: string}) => void} [options.onState] `name`: "conectando", "ouvindo",
   *   "esperando" (the connection is gone and is tried again), "perda" (some sound will not be heard), "encerrada";
   *   `text` is for the person
   */
  constructor({ key, events, client, url, onEvent, onState }) {
    this.#key = key;
    this.#events = [...new Set([...(events ?? ["segmento", "transcricao", "aviso"]), "recebido"])];
    this.#client = client ?? "balto.js 1";
    this.#url = url ?? socketAddress();
    this.#onEvent = onEvent ?? (() => {});
    this.#onState = onState ?? (() => {});
    /** Resolves to {code, text} when the session has come to its end, whoever ended it; never rejects. */
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    /** Id of the session; null before the server has given one. */
    this.session = null;
  }

  /** Connect. `rate` is that of the samples, 8000 to 48000 a second. */
  start({ rate = WIRE_RATE } = {}) {
    this.#rate = rate;
    this.#beat = setInterval(() => this.#lookAfter(), BEAT_MS);
    window.addEventListener("online", this.#online);
    this.#connect();
  }

  /** Send sound (an Int16Array, mono), at once or when there is a connection. Before `start` it is kept. */
  send(samples) {
    if (this.#ending) return;
    this.#kept.push({ start: this.#next, samples });
    this.#next += samples.length;
    this.#forget(this.#next - KEPT_S * this.#rate);
    this.#pump();
  }

  /** No more sound comes: have what is open cut, and wait for all results (`ended`). */
  end() {
    this.#ending = true;
    this.#pump();
    return this.ended;
  }

  /** Give up at once; the session stays open at the server for a minute. */
  close() {
    this.#finish(1000, "Conexão encerrada.");
  }

  #online = () => {
    if (!this.#socket) this.#connect();
  };

  #connect() {
    clearTimeout(this.#timer);
    this.#onState({ name: "conectando", text: "Conectando…" });
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#listening = false;
    this.#heardAt = this.#pingedAt = performance.now();
    socket.onopen = () => socket.send(JSON.stringify(this.#auth()));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  #auth() {
    const auth = {
      comando: "auth",
      versao: 1,
      api_key: this.#key,
      formato: "pcm16",
      taxa_hz: this.#rate,
      canais: 1,
      eventos: this.#events,
      cliente: this.#client,
    };
    return this.session ? { ...auth, sessao: this.session, ultimo_seq: this.#lastSeq } : auth;
  }

  #take(event) {
    this.#heardAt = performance.now();
    if (event.comando === "autenticado") this.#begin(event);
    if (event.comando === "recebido") {
      this.#confirmed = this.#place(event.recebido_amostras);
      this.#forget(this.#confirmed);
    }
    this.#lastSeq = Math.max(this.#lastSeq, event.seq ?? 0);
    if (event.comando !== "pong") this.#onEvent(event);
  }

  #begin(event) {
    if (event.retomada) {
      this.#goOnFrom(this.#place(event.recebido_amostras));
    } else {
      this.#lastSeq = 0;
      // An earlier session has what it confirmed; after `encerrar` it has all.
      this.#goOnFrom(this.#endSent ? this.#next : this.#confirmed);
      this.#moveTo(0);
      this.#confirmed = this.#sent = 0;
    }
    this.session = event.sessao;
    this.#tries = this.#authTries = 0;
    this.#endSent = false;
    this.#listening = true;
    this.#onState({ name: "ouvindo", text: "Ouvindo." });
    this.#pump();
  }

  /** The server has everything before `place`, and waits for what comes there. */
  #goOnFrom(place) {
    this.#forget(place);
    const first = this.#kept[0]?.start ?? this.#next;
    if (first > place) {
      const text = `${((first - place) / this.#rate).toFixed(1).replace(".", ",")} s de som ficaram de fora.`;
      this.#onState({ name: "perda", text });
      this.#moveTo(place);
    }
    this.#next = Math.max(this.#next, place);
    this.#confirmed = this.#sent = place;
  }

  /** Let what is kept begin at `place`. */
  #moveTo(place) {
    const by = place - (this.#kept[0]?.start ?? this.#next);
    for (const piece of this.#kept) piece.start += by;
    this.#next += by;
  }

  #place(wireSamples) {
    return Math.round((wireSamples * this.#rate) / WIRE_RATE);
  }

  #forget(before) {
    const kept = this.#kept;
    let count = 0;
    while (count < kept.length && kept[count].start + kept[count].samples.length <= before) count += 1;
    kept.splice(0, count);
  }

  #pump() {
    const socket = this.#socket;
    if (!this.#listening || socket.readyState !== WebSocket.OPEN) return;
    for (const { start, samples } of this.#kept) {
      if (socket.bufferedAmount > MOST_BUFFERED_BYTES) return;
      if (start + samples.length <= this.#sent) continue;
      // Memory is little-endian wherever browsers run, as the wire is.
      socket.send(samples.subarray(Math.max(0, this.#sent - start)));
      this.#sent = start + samples.length;
    }
    if (this.#ending && !this.#endSent) {
      this.#endSent = true;
      socket.send('{"comando":"encerrar"}');
    }
  }

  #lookAfter() {
    this.#pump();
    const now = performance.now();
    if (!this.#socket) return;
    if (now - this.#heardAt > SILENT_S * 1000) {
      // Half open: nobody will tell us that it is gone.
      this.#letGo();
      this.#closed(1006, "");
    } else if (this.#listening && now - this.#pingedAt > PING_S * 1000) {
      this.#pingedAt = now;
      this.#socket.send('{"comando":"ping"}');
    }
  }

  #letGo() {
    const socket = this.#socket;
    this.#socket = null;
    this.#listening = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #closed(code, reason) {
    this.#letGo();
    if (code === 1000) return this.#finish(code, "Sessão encerrada.");
    if (FINAL[code]) return this.#finish(code, FINAL[code]);
    if (code === 4003 && this.#authTries++ > 0) return this.#finish(code, "O servidor não recebeu a chave a tempo.");
    const growing = Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    const wait = code === 4002 ? 10 + 50 * Math.random() : Math.max(FIRST_WAIT_S, growing);
    const why = code === 4002 ? (FULL[reason] ?? "O servidor está cheio.") : "Sem conexão com o servidor.";
    this.#onState({ name: "esperando", text: `${why} Nova tentativa em ${Math.ceil(wait)} s; o som fica guardado.` });
    this.#timer = setTimeout(() => this.#connect(), wait * 1000);
  }

  #finish(code, text) {
    this.#letGo();
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    window.removeEventListener("online", this.#online);
    this.#ending = true;
    this.#kept = [];
    this.#onState({ name: "encerrada", text });
    this.#resolve({ code, text });
  }
}

function socketAddress() {
  const url = new URL("../ws", import.meta.url);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
