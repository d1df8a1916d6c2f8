// Runs in the audio thread: what the microphone gives, as PCM of 16 bits in pieces of 100 ms.

class Capture extends AudioWorkletProcessor {
  #piece = new Int16Array(Math.round(sampleRate / 10));
  #filled = 0;

  process([[channel]]) {
    // Without a channel the microphone gives nothing at the moment.
    for (const value of channel ?? []) {
      this.#piece[this.#filled++] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
      if (this.#filled === this.#piece.length) {
        this.port.postMessage(this.#piece);
        this.#filled = 0;
      }
    }
    return true;
  }
}

registerProcessor("balto-captura", Capture);
