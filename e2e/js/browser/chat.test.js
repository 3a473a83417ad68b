// Two people talk through the chat page, each in a window of their own.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';

import axe from 'axe-core';

import { server } from '../carillon.js';
import { open, patience, Person } from './page.js';

let browser;
before(async () => {
  browser = await open();
});
after(() => browser.close());

// people are those who came in during a test. Nobody's browser may have had to complain.
let people;
beforeEach(() => {
  people = [];
});
afterEach(async () => {
  const problems = people.flatMap((p) => p.problems);
  await Promise.all(people.map((p) => p.close()));
  assert.deepEqual(problems, []);
});

async function enter(name, options) {
  const person = await Person.enter(browser, server.endpoint, name, options);
  people.push(person);
  return person;
}

let named = 0;
const newName = (what) => `${what} ${++named}`;

async function accessible(person) {
  await person.page.evaluate(axe.source);
  const { violations } = await person.page.evaluate(() => globalThis.axe.run(document));
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join('\n')}`), []);
}

describe('two people', () => {
  test('talk, edit, redact, and see each other typing and joining', async () => {
    const [alice, bob] = [await enter('alice'), await enter('bob')];
    const name = newName('Friday');
    await alice.createChannel(name, 'Bob');
    await bob.openChannel(name);
    await bob.line('Alice added you').waitFor();

    await alice.say('Hello Bob, are you in on Friday?');
    await bob.message('Hello Bob, are you in on Friday?').waitFor();
    // What is typed is forgotten after a while: who looks is there before it is.
    await Promise.all([alice.typing.getByText('Bob is typing').waitFor(), bob.composer.pressSequentially('Yes')]);
    await bob.say('Yes, gladly');
    await alice.message('Yes, gladly').waitFor();
    await alice.typing.getByText('Bob is typing').waitFor({ state: 'detached' });

    await bob.edit('Yes, gladly', 'Yes, with pleasure');
    await alice.message('Yes, with pleasure').getByText('edited').waitFor();
    assert.equal(await alice.message('Yes, gladly').count(), 0);

    await alice.say('My number is 1234');
    await bob.message('My number is 1234').waitFor();
    await alice.redact('My number is 1234');
    await bob.message('Message redacted').waitFor();
    assert.equal(await bob.message('1234').count(), 0);

    await alice.addPeople('Carol', 'Dave');
    await bob.line('Alice added Carol and Dave').waitFor();
    await bob.member('Carol').waitFor();
    assert.equal(await alice.message('').count(), 3);
  });

  test('see what they have not read, also after coming back', async () => {
    const [alice, bob] = [await enter('alice'), await enter('bob')];
    const [read, other] = [newName('Open'), newName('Elsewhere')];
    await alice.createChannel(read, 'Bob');
    await alice.createChannel(other, 'Bob');
    await bob.openChannel(read);
    await alice.say('one');
    await alice.say('two');
    await bob.channel(other).getByText('2 unread').waitFor();

    await bob.page.reload();
    await bob.connected();
    await bob.channel(other).getByText('2 unread').waitFor();
    await bob.openChannel(other);
    await bob.page.locator('.log .new').waitFor();
    await bob.channel(other).getByText('unread').waitFor({ state: 'detached' });

    const marked = bob.page.waitForResponse((r) => r.url().endsWith('/readMarker'));
    await alice.say('three');
    await bob.message('three').waitFor();
    assert.equal((await marked).status(), 200);
    await bob.page.reload();
    await bob.message('three').waitFor();
    assert.equal(await bob.channel(other).getByText('unread').count(), 0);
  });

  test('leave, and are seen leaving', async () => {
    const [alice, bob] = [await enter('alice'), await enter('bob')];
    const name = newName('Short');
    await alice.createChannel(name, 'Bob');
    await bob.openChannel(name);
    await bob.page.getByRole('button', { name: 'Leave channel' }).click();
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Leave' }).click();
    await bob.channel(name).waitFor({ state: 'detached' });
    await alice.line('Bob left').waitFor();
    await alice.member('Bob').waitFor({ state: 'detached' });
  });
});

test('a message that did not get through is sent again, once', async () => {
  const alice = await enter('alice');
  await alice.createChannel(newName('Hurdle'));
  await alice.page.route('**/messages', (route) => route.fulfill({
    status: 403, headers: { 'x-amzn-errortype': 'ForbiddenException' }, json: { Code: 'Forbidden', Message: 'Not today.' },
  }));
  await alice.composer.fill('Try me');
  await alice.composer.press('Enter');
  await alice.page.getByRole('alert').getByText('Forbidden: Not today.').waitFor();
  await alice.page.unroute('**/messages');
  await alice.page.getByRole('button', { name: 'Try again' }).click();
  await alice.message('Try me').and(alice.page.locator('.sent')).waitFor();
  await alice.page.reload();
  await alice.message('Try me').waitFor();
  assert.equal(await alice.message('Try me').count(), 1);
  assert.match(alice.problems.splice(0).join(), /403/); // the browser tells of every such status
});

test('more than a page of messages is read upwards, to the first', async () => {
  const alice = await enter('alice');
  await alice.createChannel(newName('Long'));
  for (let i = 1; i <= 60; i++) {
    await alice.composer.fill(`line ${i}.`);
    await alice.composer.press('Enter');
  }
  await alice.page.locator('.message.sent').nth(59).waitFor();
  await alice.page.reload();
  await alice.message('line 60.').waitFor();
  assert.equal(await alice.message('line 1.').count(), 0);
  const said = () => alice.page.locator('.message .bubble').evaluateAll((all) => all.map((b) => b.firstChild.data));
  let order = await said();
  while (order[0] !== 'line 1.') {
    await alice.page.getByRole('button', { name: 'Earlier messages' }).click();
    await alice.page.waitForFunction((known) => document.querySelectorAll('.message .bubble').length > known, order.length);
    order = await said();
  }
  assert.deepEqual(order, Array.from({ length: 60 }, (_, i) => `line ${i + 1}.`));
  await alice.page.getByRole('button', { name: 'Earlier messages' }).waitFor({ state: 'detached' });
});

test('the keyboard is enough', async () => {
  const alice = await enter('alice');
  const [first, second] = [newName('Upper'), newName('Lower')];
  await alice.createChannel(first);
  await alice.createChannel(second);
  const { keyboard } = alice.page;
  const focused = (text) => alice.page.locator(':focus').filter({ hasText: text }).waitFor();

  await alice.composer.press('Escape'); // to the list of channels
  await focused(second);
  await keyboard.press('ArrowDown');
  await focused(first);
  await keyboard.press('Enter');
  await alice.page.getByRole('heading', { name: first }).waitFor();

  await keyboard.type('Hello from the keys');
  await keyboard.press('Shift+Enter');
  await keyboard.type('in two lines');
  await keyboard.press('Enter');
  await alice.message('in two lines').and(alice.page.locator('.sent')).waitFor();
  await keyboard.press('ArrowUp');
  await alice.page.getByRole('textbox', { name: 'Edit message' }).waitFor();
  await keyboard.press('Escape');
  await focused('in two lines');
  await keyboard.press('Tab');
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await alice.page.getByRole('dialog', { name: 'Redact this message?' }).waitFor();
  await keyboard.press('Escape');
  await alice.page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await alice.message('in two lines').count(), 1);
});

test('on a phone there is either the list or a conversation', async () => {
  const alice = await enter('alice', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const name = newName('Pocket');
  await alice.createChannel(name);
  await alice.say('Small talk');
  assert.equal(await alice.channel(name).isVisible(), false);
  await alice.page.getByRole('link', { name: 'Channels' }).tap();
  await alice.channel(name).waitFor();
  await alice.page.goBack();
  await alice.message('Small talk').waitFor();
  assert.equal(await alice.page.evaluate(() => document.documentElement.scrollWidth), 390);
});

describe('a session', () => {
  // The socket of a page goes through here. New ones wait while it is shut.
  async function control(person) {
    const gate = { sockets: [], open: Promise.resolve() };
    await person.page.routeWebSocket(/\/connect\?/, async (socket) => {
      await gate.open;
      socket.connectToServer();
      gate.sockets.push(socket);
    });
    await person.page.reload();
    await person.connected();
    return gate;
  }

  test('comes back by itself, with what was said meanwhile', async () => {
    const [alice, bob] = [await enter('alice'), await enter('bob')];
    const name = newName('Bridge');
    await alice.createChannel(name, 'Bob');
    await bob.openChannel(name);
    await bob.say('before');
    await alice.message('before').waitFor();
    const gate = await control(alice);
    let reopen;
    gate.open = new Promise((resolve) => {
      reopen = resolve;
    });
    await gate.sockets.at(-1).close({ code: 1012, reason: 'restart' });
    await alice.page.getByText('New messages come once the connection is back').waitFor();
    await bob.say('meanwhile');
    reopen();
    await alice.connected();
    await alice.message('meanwhile').waitFor();
    await bob.say('afterwards');
    await alice.message('afterwards').waitFor();
    assert.deepEqual(await alice.page.locator('.message .bubble').evaluateAll((all) => all.map((b) => b.firstChild.data)), ['before', 'meanwhile', 'afterwards']);
  });

  test('that is closed for good says why, and is opened again when asked', async () => {
    const alice = await enter('alice');
    const gate = await control(alice);
    await gate.sockets.at(-1).close({ code: 4003, reason: 'Forbidden' });
    await alice.page.getByText('Stopped: 4003 Forbidden').first().waitFor();
    await alice.page.getByRole('button', { name: 'Connect' }).first().click();
    await alice.connected();
    const ids = gate.sockets.map((s) => new URL(s.url()).searchParams.get('sessionId'));
    assert.equal(new Set(ids).size, 2, 'the id that another window may have is not used again');
  });

  test('of a page that came by TLS is the unmodified one', async () => {
    const bob = await enter('bob');
    const alice = await Person.enter(browser, server.tls_endpoint, 'alice', { ignoreHTTPSErrors: true });
    people.push(alice);
    await alice.page.getByText('Connected over wss://').waitFor();
    const name = newName('Secure');
    await alice.createChannel(name, 'Bob');
    await bob.openChannel(name);
    await bob.say('Plainly');
    await alice.message('Plainly').waitFor();
    await alice.say('Secretly');
    await bob.message('Secretly').waitFor();
  });

  test('without trust in the certificate says what to do, and goes on without TLS', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(`${server.endpoint}/?as=alice&socket=wss`);
    await page.getByText('carillon tls trust').waitFor();
    await page.getByRole('link', { name: 'Go on without TLS' }).click();
    await page.locator('.status[data-state=connected]').waitFor();
    assert.equal(new URL(page.url()).search, '?as=alice');
    await context.close();
  });
});

for (const colorScheme of ['light', 'dark']) {
  test(`the page keeps the rules of accessibility, ${colorScheme}`, async () => {
    const alice = await enter('alice', { colorScheme });
    await alice.createChannel(newName('Rules'), 'Bob');
    await alice.say('Can everybody read this?');
    await alice.say('And this is gone');
    await alice.redact('And this is gone');
    await alice.message('Message redacted').waitFor();
    await accessible(alice);
    await alice.page.getByRole('button', { name: 'New channel' }).first().click();
    await alice.page.getByRole('checkbox', { name: 'Carol' }).waitFor();
    await accessible(alice);
    await alice.page.goto(server.endpoint);
    await alice.page.getByRole('heading', { name: 'Who are you?' }).waitFor();
    await accessible(alice);
  });
}

test('nothing is asked of anybody else', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const asked = new Set();
  page.on('request', (r) => asked.add(new URL(r.url()).origin));
  page.on('websocket', (s) => asked.add(new URL(s.url()).origin));
  await page.goto(`${server.endpoint}/?as=alice`);
  await page.locator('.status[data-state=connected]').waitFor();
  await context.close();
  assert.deepEqual(asked, new Set([server.endpoint, server.endpoint.replace('http:', 'ws:')]));
});
