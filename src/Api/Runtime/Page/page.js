// Shows silos and their grains. Whatever the server says goes into the page as text, never as markup.
'use strict';

const key = 'control-token';
const every = 5000;
const states = { active: 'good', leaving: 'asks', gone: '', lost: 'bad' };
const events = { 'silo.joined': 'good', 'silo.back': 'good', 'silo.left': '', 'silo.lost': 'bad' };
const of = (id) => document.getElementById(id);
let timer;

class Refused extends Error {}

const rate = (value) => value >= 100 ? value.toFixed(0) : value.toFixed(1);
const time = (value) => new Date(value).toLocaleString();
const mebi = (value) => `${(value / 1048576).toFixed(0)} MiB`;
const millis = (value) => value === undefined || value === null ? '–' : value < 1 ? value.toFixed(3) : value.toFixed(1);
const short = (id) => id ? id.slice(0, 8) : '–';
const total = (items, pick) => items.reduce((sum, item) => sum + pick(item), 0);

const tables = {
  silos: [
    ['Silo', (s) => short(s.id)],
    ['Name', (s) => s.name],
    ['Address', (s) => s.address ?? 'alone'],
    ['Engine', (s) => s.engine],
    ['Version', (s) => s.version],
    ['State', (s) => s.state, (s) => states[s.state] ?? ''],
    ['Started', (s) => time(s.startedAt)],
    ['Seen', (s) => time(s.seenAt)],
    ['CPU', (s) => `${(s.process.cpuShare * 100).toFixed(0)} %`, 'number'],
    ['Memory', (s) => mebi(s.process.workingSetBytes), 'number'],
    ['Heap', (s) => mebi(s.process.heapBytes), 'number'],
    ['Threads', (s) => s.process.threads, 'number'],
    ['Grains', (s) => s.activations, 'number'],
    ['Calls/s', (s) => rate(total(s.grains, (g) => g.callsPerSecond)), 'number'],
    ['Executing', (s) => s.executing, 'number'],
    ['Unanswered', (s) => s.unanswered, 'number'],
  ],
  grains: [
    ['Class', (g) => g.type],
    ['Silos', (g) => g.silos, 'number'],
    ['In memory', (g) => g.activations, 'number'],
    ['Calls', (g) => g.calls, 'number'],
    ['Faults', (g) => g.faults, 'number'],
    ['Calls/s', (g) => rate(g.callsPerSecond), 'number'],
    ['Faults/s', (g) => rate(g.faultsPerSecond), 'number'],
    ['p50 ms', (g) => millis(g.p50Ms), 'number'],
    ['p99 ms', (g) => millis(g.p99Ms), 'number'],
    ['Executing', (g) => g.executing, 'number'],
    ['Waiting', (g) => g.waiting, 'number'],
  ],
  hot: [
    ['Grain', (g) => g.grain],
    ['Silo', (g) => short(g.silo)],
    ['Calls/s', (g) => rate(g.callsPerSecond), 'number'],
    ['at most too high by', (g) => rate(g.errorPerSecond), 'number'],
    ['Unanswered', (g) => g.unanswered, 'number'],
  ],
  history: [
    ['When', (e) => time(e.at)],
    ['Event', (e) => e.event, (e) => events[e.event] ?? ''],
    ['Silo', (e) => short(e.silo)],
    ['Name', (e) => e.name],
    ['Address', (e) => e.address ?? 'alone'],
    ['Noticed by', (e) => short(e.noticedBy)],
  ],
};

function cell(tag, text, kind) {
  const made = document.createElement(tag);
  made.textContent = String(text);
  if (kind) made.className = kind;
  return made;
}

function row(cells) {
  const made = document.createElement('tr');
  made.append(...cells);
  return made;
}

function draw(id, items) {
  const columns = tables[id];
  const head = row(columns.map(([name, , kind]) => cell('th', name, kind === 'number' ? kind : '')));
  const body = items.map((item) => row(columns.map(([, text, kind]) => cell('td', text(item), typeof kind === 'function' ? kind(item) : kind))));
  of(id).replaceChildren(head, ...body);
}

async function get(path, token) {
  const answer = await fetch(`api/v1/runtime/${path}`, {
    headers: { authorization: `Bearer ${token}` }, cache: 'no-store', credentials: 'omit', redirect: 'error',
  });
  if (answer.status === 401 || answer.status === 403) throw new Refused((await answer.json()).detail);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return (await answer.json()).items;
}

function say(text, isBad) {
  of('status').textContent = text;
  of('status').className = isBad ? 'bad' : '';
}

function ask() {
  clearTimeout(timer);
  sessionStorage.removeItem(key);
  of('view').hidden = of('leave').hidden = true;
  of('view').querySelectorAll('table').forEach((table) => table.replaceChildren());
  of('enter').hidden = false;
  of('token').focus();
}

async function show() {
  const token = sessionStorage.getItem(key);
  if (!token) return ask();
  try {
    const [silos, grains, hot, history] = await Promise.all([
      get('silos', token), get('grains', token), get('hot', token), get('history?limit=30', token),
    ]);
    if (sessionStorage.getItem(key) !== token) return;
    Object.entries({ silos, grains, hot, history }).forEach(([id, items]) => draw(id, items));
    of('enter').hidden = true;
    of('view').hidden = of('leave').hidden = false;
    say(`As of ${new Date().toLocaleTimeString()}`, false);
  } catch (fault) {
    say(fault.message, true);
    if (fault instanceof Refused) return ask();
  }
  timer = setTimeout(show, every);
}

of('enter').addEventListener('submit', (submitted) => {
  submitted.preventDefault();
  sessionStorage.setItem(key, of('token').value.trim());
  of('token').value = '';
  show();
});
of('leave').addEventListener('click', () => { say('', false); ask(); });
show();
