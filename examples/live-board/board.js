// The board: logs in, follows the cards with a live list, and writes through the same client. Whatever anybody changes comes back by it.
import { SnackBaseClient } from '@snackbase/sdk';

/** Where the server is; `?server=` names another. */
const url = new URLSearchParams(location.search).get('server') ?? 'http://localhost:8000';
const lanes = { todo: 'To do', doing: 'Doing', done: 'Done' };
const names = Object.keys(lanes);

const sb = new SnackBaseClient({ url });
const byId = (id) => document.getElementById(id);
const [login, logout, board, status, message] = ['login', 'logout', 'board', 'status', 'message'].map(byId);
let cards;

function say(text = '') {
  message.textContent = text;
  message.hidden = text === '';
}

/** Runs what somebody asked for, and says what went wrong. */
async function attempt(work) {
  say();
  try {
    await work();
  } catch (error) {
    say(error.message);
  }
}

function element(tag, properties, ...children) {
  const { testid, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  if (testid) made.dataset.testid = testid;
  made.append(...children);
  return made;
}

const inLane = (lane) => cards.items.filter((card) => card.lane === lane);
/** Behind the last card of a lane. */
const nextPosition = (lane) => (inLane(lane).at(-1)?.position ?? 0) + 1;

const move = (card, lane) => sb.records.patch('cards', card.id, { lane, position: nextPosition(lane) });

function laneElement(lane) {
  const properties = { className: 'new', name: 'title', placeholder: 'New card', maxLength: 200, required: true };
  const title = element('input', { ...properties, testid: `new-${lane}` });
  const form = element('form', { className: 'add' }, title, element('button', { testid: `add-${lane}` }, 'Add'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(async () => {
      await sb.records.create('cards', { title: title.value, lane, position: nextPosition(lane) });
      form.reset();
    });
  });
  return element(
    'section',
    { className: 'lane', testid: `lane-${lane}` },
    element('h2', {}, lanes[lane]),
    element('ol', { className: 'cards', id: `cards-${lane}` }),
    form,
  );
}

function cardElement(card) {
  const at = names.indexOf(card.lane);
  const button = (testid, label, text, disabled, act) => {
    const made = element('button', { className: 'act', testid, title: label, ariaLabel: label, disabled }, text);
    made.addEventListener('click', () => attempt(act));
    return made;
  };
  const made = element(
    'li',
    { className: 'card', testid: 'card' },
    element('span', { className: 'title', testid: 'card-title' }, card.title),
    button('move-left', 'Move left', '◀', at === 0, () => move(card, names[at - 1])),
    button('move-right', 'Move right', '▶', at === names.length - 1, () => move(card, names[at + 1])),
    button('delete', 'Delete', '✕', false, () => sb.records.delete('cards', card.id)),
  );
  made.dataset.id = card.id;
  return made;
}

function render() {
  for (const lane of names) byId(`cards-${lane}`).replaceChildren(...inLane(lane).map(cardElement));
}

function open() {
  board.replaceChildren(...names.map(laneElement));
  cards = sb.records.live('cards', {
    sort: ['position'],
    onChange: render,
    onStatus: ({ state }) => {
      status.dataset.state = state;
      status.textContent = { connecting: 'connecting', open: 'live', waiting: 'connection lost', closed: 'closed' }[
        state
      ];
    },
    onError: (error) => {
      close();
      say(error.message);
    },
  });
  show(true);
}

function close() {
  cards?.close();
  board.replaceChildren();
  show(false);
}

function show(open) {
  login.hidden = open;
  board.hidden = logout.hidden = !open;
}

login.addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(async () => {
    await sb.auth.login(Object.fromEntries(new FormData(login)));
    login.password.value = '';
    open();
  });
});

logout.addEventListener('click', () => {
  close();
  attempt(() => sb.auth.logout());
});
