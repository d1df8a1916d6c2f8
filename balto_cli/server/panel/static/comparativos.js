// Comparativos: how far the comparison under way has come.

const box = document.getElementById("tarefa");

if (box) {
  const find = (name) => document.getElementById(`tarefa-${name}`);
  const running = (state) => state === "andando" || state === "parando";
  let before = box.dataset.estado;
  const source = new EventSource(box.dataset.eventos);
  source.addEventListener("fim", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("message", (event) => {
    const job = JSON.parse(event.data);
    if (!job) return;
    if (!running(job.estado) && running(before)) {
      // It has ended: there is a run to show.
      source.close();
      location.reload();
      return;
    }
    before = job.estado;
    box.hidden = false;
    find("titulo").textContent = job.titulo;
    find("estado").textContent = job.estado;
    find("fazendo").textContent = job.fazendo;
    find("linhas").textContent = job.linhas.join("\n");
    const bar = find("progresso");
    bar.hidden = !running(job.estado);
    if (job.de) {
      bar.max = job.de;
      bar.value = job.feitos;
    }
    const form = find("parar");
    if (form) form.hidden = job.estado !== "andando";
  });
}
