/* The page of one run: reads the embedded data, shows what is near the screen, plays audio, keeps its state in the link.
   Texts reach the page through textContent alone, so nothing that was heard can become markup. */
(() => {
  'use strict';

  const data = JSON.parse(document.getElementById('dados').textContent);
  const { provedores, regras, arquivos, itens, motivos } = data;
  const byId = (id) => document.getElementById(id);
  const list = byId('lista');
  const audio = new Audio();
  const FLAGS = ['medicamento', 'discordancia', 'invencao', 'falha', 'suspeita', 'erro'];
  const KINDS = ['medicamento', 'dose', 'negação'];
  const MARGIN_PX = 1200;
  const PRINT_MOST = 1000;
  const STRIPS_AT_FIRST = 6;
  const calm = matchMedia('(prefers-reduced-motion: reduce)');

  const state = { seg: '', arquivo: '', filtros: new Set(), busca: '', ordem: 'tempo', forma: 'normalizada', ocultos: new Set() };
  let shown = [];
  let current = -1;
  let playing = -1;

  // ---- small helpers -------------------------------------------------------------------------------------------

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function makeSvg(tag, attributes) {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function percent(part, whole) {
    if (!whole) return part ? `${part} a mais` : '0 %';
    return `${(100 * part / whole).toLocaleString('pt-BR', { maximumFractionDigits: 0 })} %`;
  }

  function clock(seconds, digits = 0) {
    const whole = Math.floor(seconds / 60);
    const rest = (seconds - whole * 60).toFixed(digits).padStart(digits ? 3 + digits : 2, '0').replace('.', ',');
    return whole < 60 ? `${whole}:${rest}` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}:${rest}`;
  }

  function decimal(value, digits) {
    return value.toLocaleString('pt-BR', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  function folded(text) {
    return text.normalize('NFD').replace(/\p{Mn}/gu, '').toLowerCase();
  }

  function announce(text) {
    byId('aviso').textContent = text;
  }

  const words = (text) => (text ? text.split(' ') : []);

  // ---- one text, with its errors --------------------------------------------------------------------------------

  /* A text is {n: normalised, r: raw if it differs, m: [first chunk, chunks] a word unless one to one,
     f: [[word, rule…]…], b: [first, last]… words of medicines}. */
  function chunkOf(text, index) {
    return text.m ? [text.m[2 * index], text.m[2 * index + 1]] : [index, 1];
  }

  function fired(text) {
    const of = new Map();
    for (const [index, ...rules] of text.f || []) of.set(index, rules);
    return of;
  }

  function boxed(text) {
    const inside = new Map();
    const pairs = text.b || [];
    for (let at = 0; at < pairs.length; at += 2) {
      for (let index = pairs[at]; index <= pairs[at + 1]; index++) {
        inside.set(index, (index === pairs[at] ? 'caixa-inicio ' : '') + (index === pairs[at + 1] ? 'caixa-fim' : ''));
      }
    }
    return inside;
  }

  function ruleSentence(raw, normalised, rules) {
    const names = rules.map((rule) => regras[rule][0]).join(', ');
    return `«${raw}» virou «${normalised || 'nada'}» — ${rules.length > 1 ? 'regras' : 'regra'}: ${names}`;
  }

  /* Statuses of the words heard: [operation, word said in its place], and the words lost before each place. */
  function placed(said, heard, operations) {
    const status = [];
    const lost = [];
    let from = 0;
    for (const operation of operations) {
      if (operation === 'd') {
        (lost[status.length] ||= []).push(said[from++]);
      } else {
        status.push([operation, operation === 'i' ? '' : said[from]]);
        if (operation !== 'i') from++;
      }
    }
    return { status, lost };
  }

  function wordElement(text, operation, said) {
    if (operation === 's') {
      const element = make('mark', 'trocada');
      element.title = `dito: ${said}`;
      element.append(make('span', 'vh', `em vez de ${said}: `), text);
      return element;
    }
    if (operation === 'i') {
      const element = make('ins', 'inventada');
      element.title = 'ninguém disse';
      element.append(make('span', 'vh', 'inventada: '), text);
      return element;
    }
    return make('span', '', text);
  }

  function lostElement(text) {
    const element = make('del', 'perdida', text);
    element.title = 'dito e não ouvido';
    element.prepend(make('span', 'vh', 'perdida: '));
    return element;
  }

  /* The text as words on a line: `said` and `operations` are absent for a reference, and where there is none. */
  function textElement(text, said, operations) {
    const line = make('p', 'texto');
    const heard = words(text.n);
    const { status, lost } = operations ? placed(said, heard, operations) : { status: [], lost: [] };
    const boxes = boxed(text);
    const rules = fired(text);
    const raw = state.forma === 'original';
    const chunks = words(text.r ?? text.n);
    const changes = [];
    const pieces = raw ? rawPieces(text, heard, chunks) : heard.map((word, index) => [word, index, index]);
    const put = (element, within = false) => {
      if (line.childNodes.length) line.append(within ? make('span', 'caixa vao', ' ') : ' ');
      line.append(element);
    };
    const putLost = (index) => { for (const word of lost[index] || []) put(lostElement(word)); };
    let next = 0;
    for (const [shownText, first, last] of pieces) {
      if (first < 0) {
        const aside = make('span', 'fora', shownText);
        aside.title = 'fora da comparação: marca ou sinal';
        put(aside);
        continue;
      }
      for (; next <= first; next++) putLost(next);
      let worst = ['e', ''];
      const names = new Set();
      const saids = [];
      let box = '';
      for (let index = first; index <= last; index++) {
        if (index > first) { putLost(index); next = index + 1; }
        const one = status[index] || ['e', ''];
        if (one[0] !== 'e' && worst[0] !== 's') worst = one;
        if (one[1]) saids.push(one[1]);
        for (const rule of rules.get(index) || []) names.add(rule);
        box += ` ${boxes.get(index) || ''}`;
      }
      const element = wordElement(shownText, worst[0], saids.join(' '));
      if (boxes.has(first) || boxes.has(last)) element.classList.add('caixa', ...box.trim().split(/\s+/).filter(Boolean));
      const [chunk, count] = chunkOf(text, first);
      const [lastChunk, lastCount] = chunkOf(text, last);
      const before = chunks.slice(chunk, Math.max(chunk + count, lastChunk + lastCount)).join(' ');
      const after = heard.slice(first, last + 1).join(' ');
      if (names.size && before !== after) {
        const sentence = ruleSentence(before, after, [...names]);
        // Capitals and punctuation change nearly every sentence: told, not marked.
        if ([...names].some((rule) => !regras[rule][2])) {
          element.classList.add('regra');
          changes.push(sentence);
        }
        element.title = element.title ? `${element.title}\n${sentence}` : sentence;
      }
      put(element, element.classList.contains('caixa') && !element.classList.contains('caixa-inicio'));
    }
    for (; next <= heard.length; next++) putLost(next);
    if (!line.childNodes.length) line.append(make('span', 'fora', operations || said ? '(nada ouvido)' : '(vazia)'));
    return [line, changes];
  }

  /* Raw chunks with the normalised words that come from them; words whose chunks overlap go together. */
  function rawPieces(text, heard, chunks) {
    const pieces = [];
    let chunk = 0;
    for (let index = 0; index < heard.length;) {
      const [from, count] = chunkOf(text, index);
      let end = from + count;
      let last = index;
      while (last + 1 < heard.length && chunkOf(text, last + 1)[0] < end) {
        last++;
        const [also, more] = chunkOf(text, last);
        end = Math.max(end, also + more);
      }
      for (; chunk < from; chunk++) pieces.push([chunks[chunk], -1, -1]);
      pieces.push([chunks.slice(from, end).join(' '), index, last]);
      chunk = end;
      index = last + 1;
    }
    for (; chunk < chunks.length; chunk++) pieces.push([chunks[chunk], -1, -1]);
    return pieces;
  }

  // ---- one segment ----------------------------------------------------------------------------------------------

  function fill(article) {
    if (article.childNodes.length) return;
    const number = Number(article.dataset.i);
    const item = itens[number];
    const file = arquivos[item.f];
    const head = make('div', 'cabeca');
    head.append(playButton(number, item, file));
    const title = make('h3');
    title.append(make('span', 'nome', item.s || file.n), ' ');
    title.append(make('span', 'quando', `${clock(item.a, 1)}–${clock(item.z, 1)}`));
    head.append(title, factsOf(item, file), linkButton(number, item));
    article.append(head);
    if (number === playing) article.append(playerBar(item));

    const table = make('div', 'linhas');
    const changes = [];
    const said = item.t ? words(item.t.n) : null;
    if (item.t) {
      const [line, changed] = textElement(item.t);
      if (changed.length) changes.push(['Referência', changed]);
      table.append(row('Referência', '', line, 'referencia'));
    } else {
      table.append(row('Referência', '', make('p', 'texto fora', 'sem referência'), 'referencia'));
    }
    item.o.forEach((outcome, index) => {
      if (!outcome || state.ocultos.has(index)) return;
      table.append(outcomeRow(index, outcome, said, changes));
    });
    article.append(table);
    if (changes.length) article.append(changesOf(changes));
  }

  function outcomeRow(index, outcome, said, changes) {
    if (outcome.q !== undefined) {
      const failed = make('p', 'texto falha', outcome.q < 0 ? 'não pedida' : `falha: ${motivos[outcome.q]}`);
      return row(provedores[index], '', failed, '');
    }
    const own = outcome.d === undefined ? said : words(outcome.d);
    const [line, changed] = textElement(outcome.t, own || [], outcome.p);
    if (changed.length) changes.push([provedores[index], changed]);
    const errors = outcome.p === undefined ? '' : percent(errorsIn(outcome.p), own ? own.length : 0);
    const element = row(provedores[index], errors, line, errors === '0 %' ? 'certa' : '');
    for (const [kind, before, after] of outcome.x || []) {
      const note = make('p', 'achado');
      note.append(make('strong', '', KINDS[kind]), ': ');
      note.append(make('span', '', before ? `dito «${before}»` : 'ninguém disse'), ' → ');
      note.append(make('span', '', after ? `ouvido «${after}»` : 'não ouvido'));
      element.lastChild.append(note);
    }
    for (const [kind, text, count] of outcome.v || []) {
      const what = kind ? `repetição de «${text}»` : `fora da fala: «${text}»`;
      element.lastChild.append(make('p', 'achado', `${what} (${count} palavra${count > 1 ? 's' : ''})`));
    }
    return element;
  }

  function errorsIn(operations) {
    let count = 0;
    for (const operation of operations) if (operation !== 'e') count++;
    return count;
  }

  function row(name, number, line, className) {
    const element = make('div', `linha ${className}`);
    const label = make('div', 'quem');
    label.append(make('span', 'provedor', name));
    if (number) label.append(make('span', 'taxa', number));
    const cell = make('div', 'ouvido');
    cell.append(line);
    element.append(label, cell);
    return element;
  }

  function factsOf(item, file) {
    const facts = make('p', 'fatos');
    const say = (text, className, title) => {
      const element = make('span', className, text);
      if (title) element.title = title;
      facts.append(element, ' ');
    };
    if (item.s && file.n) say(file.n, 'arquivo');
    if (item.n !== undefined) say(`SNR ${decimal(item.n, 0)} dB`, '');
    if (item.g & 1) say('medicamento', 'selo med');
    if (item.g & 2 && item.d) say(`discordância ${percent(item.d, 1)}`, 'selo');
    if (item.g & 4) say('invenção', 'selo inv');
    if (item.g & 8) say('falha', 'selo falhou');
    if (item.g & 16) say('referência suspeita', 'selo', item.u || '');
    return facts;
  }

  function changesOf(changes) {
    const details = make('details', 'mudancas');
    const total = changes.reduce((sum, [, sentences]) => sum + sentences.length, 0);
    details.append(make('summary', '', `${total} ${total > 1 ? 'trechos mudados' : 'trecho mudado'} por regras`));
    const entries = make('ul');
    for (const [name, sentences] of changes) {
      for (const sentence of sentences) entries.append(make('li', '', `${name}: ${sentence}`));
    }
    details.append(entries);
    return details;
  }

  function linkButton(number, item) {
    const button = make('button', 'ligacao', 'copiar link');
    button.type = 'button';
    button.setAttribute('aria-label', `Copiar o link de ${item.s || arquivos[item.f].n}`);
    button.addEventListener('click', async () => {
      select(number, { scroll: false });
      try {
        await navigator.clipboard.writeText(location.href);
        announce('Link copiado.');
      } catch {
        announce('O link está na barra de endereço.');
      }
    });
    return button;
  }

  // ---- audio ----------------------------------------------------------------------------------------------------

  function playButton(number, item, file) {
    const button = make('button', 'tocar');
    button.type = 'button';
    const silent = !sourceOf(item, file);
    const name = item.s || file.n;
    button.setAttribute('aria-label', silent ? `${name}: sem áudio` : `${number === playing ? 'Parar' : 'Ouvir'} ${name}`);
    button.textContent = number === playing ? '■' : '▶';
    button.disabled = silent;
    if (silent) button.title = file.w || 'este trecho ficou fora do limite de --com-audio';
    button.addEventListener('click', () => { select(number, { scroll: false }); toggle(number); });
    return button;
  }

  const embedded = new Map();

  function embeddedAddress(index) {
    if (!embedded.has(index)) {
      const bytes = Uint8Array.from(atob(byId(`audio-${index}`).textContent.trim()), (char) => char.charCodeAt(0));
      embedded.set(index, URL.createObjectURL(new Blob([bytes], { type: 'audio/webm' })));
    }
    return embedded.get(index);
  }

  /* [address, start, end] of a segment's sound, or null. */
  function sourceOf(item, file) {
    if (item.e !== undefined) return [item.f, item.e, item.e + item.z - item.a];
    return file.l ? [file.l, item.a, item.z] : null;
  }

  function toggle(number) {
    if (playing === number) { stop(); return; }
    stop();
    const item = itens[number];
    const source = sourceOf(item, arquivos[item.f]);
    if (!source) { announce(arquivos[item.f].w || 'Sem áudio neste trecho.'); return; }
    const [place, start, end] = source;
    const address = typeof place === 'number' ? embeddedAddress(place) : place;
    playing = number;
    audio.dataset.end = end;
    audio.dataset.start = start;
    audio.src = `${address}#t=${start.toFixed(2)},${end.toFixed(2)}`;
    refill(number);
    audio.play().then(follow).catch((error) => {
      if (error.name === 'AbortError') return;
      stop();
      announce(`Não consegui tocar ${arquivos[item.f].n}: o áudio precisa estar no lugar em que estava.`);
    });
  }

  function follow() {
    if (playing < 0) return;
    const { start, end } = audio.dataset;
    const at = audio.currentTime;
    const bar = list.querySelector('.tocando progress');
    if (bar) bar.value = Math.max(0, Math.min(1, (at - start) / (end - start)));
    if (at >= end || audio.ended) { stop(); return; }
    requestAnimationFrame(follow);
  }

  function stop() {
    if (playing < 0) return;
    const was = playing;
    playing = -1;
    audio.pause();
    refill(was);
  }

  audio.addEventListener('pause', () => { if (playing >= 0 && audio.currentTime >= audio.dataset.end - 0.1) stop(); });

  function playerBar(item) {
    const box = make('div', 'tocando');
    const bar = make('progress');
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute('aria-label', 'Andamento do áudio');
    bar.addEventListener('click', (event) => {
      const where = bar.getBoundingClientRect();
      audio.currentTime = Number(audio.dataset.start) + (item.z - item.a) * (event.clientX - where.left) / where.width;
    });
    box.append(bar);
    return box;
  }

  // ---- the list: only what is near the screen is filled ------------------------------------------------------------

  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) fill(target); else empty(target);
    }
  }, { rootMargin: `${MARGIN_PX}px 0px` });

  function empty(article) {
    if (!article.childNodes.length || article.contains(document.activeElement) || printing) return;
    article.style.setProperty('--altura', `${article.offsetHeight}px`);
    article.replaceChildren();
  }

  function refill(number) {
    const article = byId(`item-${number}`);
    if (!article || !article.childNodes.length) return;
    const button = article.contains(document.activeElement) ? document.activeElement.className : '';
    article.replaceChildren();
    fill(article);
    if (button) (article.querySelector(`button.${button}`) || article).focus({ preventScroll: true });
  }

  function matches(item, number) {
    if (state.arquivo && arquivos[item.f].n !== state.arquivo) return false;
    for (const name of state.filtros) if (!(item.g & (1 << FLAGS.indexOf(name)))) return false;
    return !state.busca || haystack(number).includes(folded(state.busca));
  }

  const haystacks = [];
  function haystack(number) {
    if (haystacks[number] === undefined) {
      const item = itens[number];
      const texts = [item.t, ...item.o.map((outcome) => outcome && outcome.t)].filter(Boolean);
      const all = [arquivos[item.f].n, item.s, ...texts.map((text) => `${text.n}\n${text.r ?? ''}`)];
      haystacks[number] = folded(all.join('\n'));
    }
    return haystacks[number];
  }

  const ORDERS = {
    tempo: () => 0,
    erros: (a, b) => b.k - a.k,
    discordancia: (a, b) => (b.d || 0) - (a.d || 0),
    ruido: (a, b) => (a.n ?? Infinity) - (b.n ?? Infinity),
    duracao: (a, b) => (b.z - b.a) - (a.z - a.a),
  };

  function show() {
    shown = itens.map((_, number) => number).filter((number) => matches(itens[number], number));
    const order = ORDERS[state.ordem] || ORDERS.tempo;
    shown.sort((a, b) => order(itens[a], itens[b]) || a - b);
    watcher.disconnect();
    const fragment = document.createDocumentFragment();
    for (const number of shown) {
      const article = make('article', 'item');
      article.id = `item-${number}`;
      article.dataset.i = number;
      article.tabIndex = -1;
      if (number === current) article.classList.add('atual');
      fragment.append(article);
    }
    list.replaceChildren(fragment);
    // The first rows at once: no blank screen between two lists.
    [...list.children].slice(0, 6).forEach(fill);
    for (const article of list.children) watcher.observe(article);
    const total = itens.length.toLocaleString('pt-BR');
    byId('contagem').textContent = shown.length === itens.length
      ? `${total} trecho${itens.length === 1 ? '' : 's'}` : `${shown.length.toLocaleString('pt-BR')} de ${total} trechos`;
    byId('nenhum').hidden = shown.length > 0;
    byId('limpar').hidden = !(state.filtros.size || state.busca || state.arquivo);
  }

  function select(number, { scroll = true } = {}) {
    const before = byId(`item-${current}`);
    if (before) before.classList.remove('atual');
    current = number;
    state.seg = keyOf(number);
    const article = byId(`item-${number}`);
    if (!article) return;
    article.classList.add('atual');
    fill(article);
    if (scroll) {
      article.focus({ preventScroll: true });
      bringIntoView(article);
      // Neighbours are filled once they are near, which moves things.
      requestAnimationFrame(() => requestAnimationFrame(() => bringIntoView(article)));
    }
    writeLink();
  }

  function bringIntoView(article) {
    const bar = byId('barra');
    const covered = getComputedStyle(bar).position === 'sticky' ? bar.getBoundingClientRect().height : 0;
    const top = article.getBoundingClientRect().top - covered - 12;
    scrollBy({ top, behavior: 'instant' });
  }

  function step(by) {
    if (!shown.length) return;
    const at = shown.indexOf(current);
    select(shown[at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by))]);
  }

  // ---- state in the link ------------------------------------------------------------------------------------------

  const byName = new Map();
  itens.forEach((item, number) => {
    const name = item.s || arquivos[item.f].n;
    if (!byName.has(name)) byName.set(name, []);
    byName.get(name).push(number);
  });

  /* A segment's name, after its file's where two files have one of that name. */
  function keyOf(number) {
    const item = itens[number];
    const name = item.s || arquivos[item.f].n;
    return byName.get(name).length > 1 ? `${arquivos[item.f].n}/${name}` : name;
  }

  function numberOf(key) {
    if (byName.has(key)) return byName.get(key)[0];
    return itens.findIndex((item) => `${arquivos[item.f].n}/${item.s}` === key);
  }

  function writeLink() {
    const link = new URLSearchParams();
    if (state.seg) link.set('seg', state.seg);
    if (state.arquivo) link.set('arquivo', state.arquivo);
    if (state.filtros.size) link.set('filtro', [...state.filtros].join(','));
    if (state.busca) link.set('busca', state.busca);
    if (state.ordem !== 'tempo') link.set('ordem', state.ordem);
    if (state.forma !== 'normalizada') link.set('forma', state.forma);
    if (state.ocultos.size) link.set('sem', [...state.ocultos].map((index) => provedores[index]).join(','));
    const text = link.toString();
    if (text !== location.hash.slice(1)) history.replaceState(null, '', text ? `#${text}` : location.pathname + location.search);
  }

  function readLink() {
    const link = new URLSearchParams(location.hash.slice(1));
    state.seg = link.get('seg') || '';
    state.arquivo = arquivos.some((file) => file.n === link.get('arquivo')) ? link.get('arquivo') : '';
    state.filtros = new Set((link.get('filtro') || '').split(',').filter((name) => FLAGS.includes(name)));
    state.busca = link.get('busca') || '';
    state.ordem = ORDERS[link.get('ordem')] ? link.get('ordem') : 'tempo';
    state.forma = link.get('forma') === 'original' ? 'original' : 'normalizada';
    const without = (link.get('sem') || '').split(',');
    state.ocultos = new Set(provedores.map((name, index) => (without.includes(name) ? index : -1)).filter((index) => index >= 0));
    const wanted = state.seg ? numberOf(state.seg) : -1;
    if (wanted >= 0 && !matches(itens[wanted], wanted)) { state.filtros.clear(); state.busca = ''; state.arquivo = ''; }
    showControls();
    show();
    if (wanted >= 0) {
      select(wanted);
      if (document.readyState !== 'complete') addEventListener('load', () => select(wanted), { once: true });
    } else if (state.seg) {
      announce(`O trecho ${state.seg} não está neste relatório.`);
    }
  }

  // ---- controls ---------------------------------------------------------------------------------------------------

  const search = byId('busca');

  function showControls() {
    if (search.value.trim() !== state.busca) search.value = state.busca;
    byId('ordem').value = state.ordem;
    byId('arquivo').value = state.arquivo;
    for (const button of document.querySelectorAll('[data-filtro]')) {
      button.setAttribute('aria-pressed', state.filtros.has(button.dataset.filtro));
    }
    for (const input of document.querySelectorAll('input[name=forma]')) input.checked = input.value === state.forma;
    for (const input of document.querySelectorAll('[data-provedor]')) {
      input.checked = !state.ocultos.has(Number(input.dataset.provedor));
    }
  }

  function changed() {
    showControls();
    show();
    writeLink();
  }

  function prepareControls() {
    const files = byId('arquivo');
    for (const file of arquivos) if (file.i) files.append(new Option(file.n, file.n));
    for (const button of document.querySelectorAll('[data-filtro]')) {
      const flag = 1 << FLAGS.indexOf(button.dataset.filtro);
      const count = itens.reduce((sum, item) => sum + (item.g & flag ? 1 : 0), 0);
      button.append(' ', make('span', 'quantos', count.toLocaleString('pt-BR')));
      button.disabled = !count;
      button.addEventListener('click', () => {
        const name = button.dataset.filtro;
        if (!state.filtros.delete(name)) state.filtros.add(name);
        changed();
      });
    }
    let pause;
    search.addEventListener('input', () => {
      state.busca = search.value.trim();
      clearTimeout(pause);
      pause = setTimeout(changed, 120);
    });
    byId('ordem').addEventListener('change', (event) => { state.ordem = event.target.value; changed(); });
    files.addEventListener('change', () => { state.arquivo = files.value; changed(); });
    for (const input of document.querySelectorAll('input[name=forma]')) {
      input.addEventListener('change', () => { state.forma = input.value; changed(); });
    }
    for (const input of document.querySelectorAll('[data-provedor]')) {
      input.addEventListener('change', () => {
        const index = Number(input.dataset.provedor);
        if (!state.ocultos.delete(index)) state.ocultos.add(index);
        changed();
      });
    }
    byId('limpar').addEventListener('click', () => {
      state.filtros.clear();
      state.busca = '';
      state.arquivo = '';
      changed();
      search.focus();
    });
    const help = byId('ajuda');
    byId('abrir-ajuda').addEventListener('click', () => help.showModal());
    list.addEventListener('click', (event) => {
      const article = event.target.closest('article');
      if (article && !event.target.closest('button, summary')) select(Number(article.dataset.i), { scroll: false });
      const word = event.target.closest('[title]');
      if (word && list.contains(word)) announce(word.title);
    });
    addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
      if (event.target.matches('input[type=search], select, textarea')) {
        if (event.key === 'Escape') event.target.blur();
        return;
      }
      // Arrows and space belong to a radio button or a box that has the focus; letters do not.
      const key = event.target.matches('input') && (event.key === ' ' || event.key.length > 1) ? '' : event.key;
      const act = {
        j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
        '/': () => search.focus(), '?': () => help.showModal(), n: () => { flip(); },
        ' ': () => toggle(current),
      }[key];
      // Before a segment is chosen, space and arrows scroll the page as everywhere.
      if (!act || (current < 0 && (key === ' ' || key.length > 1))) return;
      if (key === ' ' && event.target.matches('button, summary')) return;
      event.preventDefault();
      act();
    });
    addEventListener('hashchange', readLink);
  }

  function flip() {
    state.forma = state.forma === 'original' ? 'normalizada' : 'original';
    changed();
    announce(state.forma === 'original' ? 'Textos como foram escritos.' : 'Textos normalizados.');
  }

  // ---- where errors lie --------------------------------------------------------------------------------------------

  const ROW = 22;
  const PATHS = { s: ['trocas', 0.15, 1], d: ['perdas', 0.6, 1], i: ['invencoes', 0.15, 0.55] };

  function stripOf(index) {
    const file = arquivos[index];
    const figure = make('figure', 'faixa');
    const caption = make('figcaption');
    const button = make('button', 'so-este', file.n);
    button.type = 'button';
    button.title = 'mostrar só os trechos deste arquivo';
    button.addEventListener('click', () => {
      state.arquivo = file.n;
      changed();
      byId('trechos').scrollIntoView({ behavior: calm.matches ? 'instant' : 'smooth' });
    });
    caption.append(button, ' ', make('span', 'quando', clock(file.d || 0)));
    figure.append(caption);
    provedores.forEach((name, provider) => figure.append(stripRow(file, index, name, provider)));
    const axis = make('div', 'eixo');
    const ticks = innerWidth < 600 ? 2 : 4;
    for (let tick = 0; tick <= ticks; tick++) axis.append(make('span', '', clock(file.d * tick / ticks)));
    figure.append(axis);
    return figure;
  }

  function stripRow(file, index, name, provider) {
    const line = make('div', 'faixa-linha');
    const errors = (file.e && file.e[provider]) || null;
    const total = errors ? errors.reduce((sum, part) => sum + part.length, 0) : 0;
    line.append(make('span', 'faixa-nome', name));
    const told = errors ? `${name} em ${file.n}: ${errors[0].length} trocas, ${errors[1].length} perdas, ${errors[2].length} invenções` : `${name}: sem notas`;
    const svg = makeSvg('svg', { viewBox: `0 0 1000 ${ROW}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': told });
    const scale = 1000 / (file.d || 1);
    for (const number of file.i || []) {
      const item = itens[number];
      const outcome = item.o[provider];
      const failed = outcome && outcome.q >= 0;
      svg.append(makeSvg('rect', {
        x: (item.a * scale).toFixed(1), width: Math.max(1, (item.z - item.a) * scale).toFixed(1), y: 2, height: ROW - 4,
        class: failed ? 'fala falhou' : 'fala',
      }));
    }
    if (errors) {
      ['s', 'd', 'i'].forEach((operation, at) => {
        const [className, top, bottom] = PATHS[operation];
        const path = errors[at].map((time) => `M${(time * scale).toFixed(1)} ${(top * ROW).toFixed(1)}V${(bottom * ROW - 1).toFixed(1)}`);
        if (path.length) svg.append(makeSvg('path', { d: path.join(''), class: className }));
      });
    }
    const medicine = ((file.x && file.x[provider]) || []).map((time) => `M${(time * scale).toFixed(1)} 2h0`);
    if (medicine.length) svg.append(makeSvg('path', { d: medicine.join(''), class: 'medicamentos' }));
    svg.addEventListener('click', (event) => {
      const where = svg.getBoundingClientRect();
      const time = (event.clientX - where.left) / where.width * file.d;
      const near = (number) => Math.max(itens[number].a - time, time - itens[number].z, 0);
      const found = [...(file.i || [])].sort((a, b) => near(a) - near(b))[0];
      if (found === undefined) return;
      if (!shown.includes(found)) { state.filtros.clear(); state.busca = ''; state.arquivo = ''; changed(); }
      select(found);
    });
    line.append(svg, make('span', 'faixa-total', errors ? String(total) : '–'));
    return line;
  }

  function showStrips() {
    const box = byId('faixas');
    const errorsOf = (file) => (file.e || []).reduce((sum, parts) => sum + (parts ? parts.reduce((all, part) => all + part.length, 0) : 0), 0);
    const order = arquivos.map((_, index) => index).filter((index) => arquivos[index].d && arquivos[index].i);
    order.sort((a, b) => errorsOf(arquivos[b]) / arquivos[b].d - errorsOf(arquivos[a]) / arquivos[a].d || a - b);
    const drawer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        drawer.unobserve(target);
        target.replaceWith(stripOf(Number(target.dataset.f)));
      }
    }, { rootMargin: '400px 0px' });
    const put = (indexes) => {
      for (const index of indexes) {
        const place = make('div', 'faixa-vazia');
        place.dataset.f = index;
        place.style.height = `${ROW * provedores.length + 60}px`;
        box.append(place);
        drawer.observe(place);
      }
    };
    put(order.slice(0, STRIPS_AT_FIRST));
    const more = byId('mais-faixas');
    const rest = order.slice(STRIPS_AT_FIRST);
    more.hidden = !rest.length;
    more.textContent = rest.length === 1 ? 'Mostrar mais 1 arquivo' : `Mostrar mais ${rest.length} arquivos`;
    more.addEventListener('click', () => { more.hidden = true; put(rest); });
    byId('onde').hidden = !order.length;
  }

  // ---- printing: what is listed goes on paper ------------------------------------------------------------------------

  let printing = false;
  addEventListener('beforeprint', () => {
    printing = true;
    [...list.children].slice(0, PRINT_MOST).forEach(fill);
    for (const place of document.querySelectorAll('.faixa-vazia')) place.replaceWith(stripOf(Number(place.dataset.f)));
    byId('corte-impressao').textContent = shown.length > PRINT_MOST
      ? `Impressos os ${PRINT_MOST.toLocaleString('pt-BR')} primeiros de ${shown.length.toLocaleString('pt-BR')} trechos: filtre para imprimir outros.` : '';
  });
  addEventListener('afterprint', () => { printing = false; });

  // A guess at the height of a row that was never shown.
  list.style.setProperty('--altura', `${110 + 38 * provedores.length}px`);
  prepareControls();
  showStrips();
  readLink();
})();
