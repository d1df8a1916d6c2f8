// One interaction: a press on a word plays from there, and the word that is being said is marked.

const sound = document.getElementById("som");
const words = [...document.querySelectorAll("#palavras .palavra[data-inicio]")];

if (sound) {
  for (const word of words) {
    word.addEventListener("click", () => {
      sound.currentTime = Number(word.dataset.inicio);
      sound.play();
    });
  }
  sound.addEventListener("timeupdate", () => {
    for (const word of words) {
      const said = sound.currentTime >= Number(word.dataset.inicio) && sound.currentTime < Number(word.dataset.fim);
      word.classList.toggle("dita", said);
    }
  });
}
