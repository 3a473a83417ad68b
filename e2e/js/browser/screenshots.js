// Pictures of the chat page for docs/: node browser/screenshots.js BINARY FOLDER

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { open, Person } from './page.js';

const [binary, folder] = process.argv.slice(2).map((p) => path.resolve(p));
const temporary = mkdtempSync(path.join(tmpdir(), 'carillon-screenshots-'));
process.env.CARILLON_READY = path.join(temporary, 'ready.json');
const dev = spawn(binary, [
  'dev', '--addr', '127.0.0.1:0', '--tls-addr', '127.0.0.1:0', '--log-level', 'warn',
  '--data', path.join(temporary, 'data'), '--ready-file', process.env.CARILLON_READY,
], { stdio: ['ignore', 'ignore', 'inherit'] });
try {
  while (!existsSync(process.env.CARILLON_READY) && dev.exitCode === null) {
    await sleep(50);
  }
  await take();
} finally {
  const ended = new Promise((resolve) => dev.once('exit', resolve));
  dev.kill('SIGTERM');
  await ended;
  rmSync(temporary, { recursive: true });
}

// tell lets people talk, one line after the other: who, and what.
async function tell({ server, sdks }, name, people, lines) {
  const { call } = sdks[0].connect();
  const users = server.user_arns;
  const { ChannelArn } = await call('CreateChannel', { AppInstanceArn: server.app_instance_arn, Name: name, ChimeBearer: users.alice });
  await call('BatchCreateChannelMembership', { ChannelArn, MemberArns: people.map((p) => users[p]), Type: 'DEFAULT', ChimeBearer: users.alice });
  for (const [who, Content] of lines) {
    await call('SendChannelMessage', { ChannelArn, Content, Type: 'STANDARD', Persistence: 'PERSISTENT', ChimeBearer: users[who] });
  }
}

async function take() {
  const app = await import('../carillon.js');
  const { endpoint } = app.server;
  await tell(app, 'Kitchen', ['bob', 'dave'], [['dave', 'There is cake.'], ['bob', 'There was cake.']]);
  await tell(app, 'Bell tower', ['bob', 'carol', 'dave'], [
    ['alice', 'The new rope is in.'], ['carol', 'Tested the big one, sounds lovely'], ['dave', 'Neighbours agree, mostly'], ['carol', 'Noon it is, then'],
  ]);
  await tell(app, 'Board games', ['carol'], [['alice', 'Thursday at mine?'], ['carol', 'I bring the dice']]);

  const browser = await open();
  const looks = { deviceScaleFactor: 1.5, viewport: { width: 1200, height: 760 } };
  const alice = await Person.enter(browser, endpoint, 'alice', looks);
  const bob = await Person.enter(browser, endpoint, 'bob', { ...looks, colorScheme: 'dark' });
  for (const seen of ['Kitchen', 'Board games']) {
    await alice.openChannel(seen);
    await sleep(400);
  }
  await bob.openChannel('Kitchen');
  await sleep(400);

  await alice.createChannel('Friday concert', 'Bob');
  await bob.openChannel('Friday concert');
  await alice.say('Hi Bob! The hall is ours from six on Friday.');
  await alice.say('Can you bring the hand bells?');
  await bob.say('Gladly. All twelve of them, freshly polished.');
  await alice.say('The second set too?');
  await bob.say('If somebody helps me carry');
  await alice.addPeople('Carol', 'Dave');
  await bob.line('Carol and Dave').waitFor();
  const carol = await Person.enter(browser, endpoint, 'carol', looks);
  await carol.openChannel('Friday concert');
  await carol.say('I can be there at five with the van, there is room for both sets and for the four of us.');
  await alice.message('with the van').waitFor();
  await alice.say('Perfect, thank you!');
  await alice.edit('The second set too?', 'And the second set, if you can?');
  await carol.say('Wrong window, sorry');
  await carol.redact('Wrong window, sorry');
  await bob.say('See you all at five, then');
  await alice.message('See you all').waitFor();
  await alice.message('Message redacted').waitFor();

  const shoot = async (person, name, typist) => {
    await sleep(3100); // until typing may be told again
    await typist.composer.pressSequentially('So');
    await person.typing.getByText('typing').waitFor();
    await person.page.mouse.move(600, 400);
    await person.page.evaluate(() => document.activeElement.blur());
    await person.page.screenshot({ path: path.join(folder, name) });
    await typist.composer.fill('');
    await sleep(5100); // until that is forgotten
  };
  await shoot(alice, 'chat-desktop.png', bob);
  await shoot(bob, 'chat-dark.png', carol);
  const phone = await Person.enter(browser, endpoint, 'alice', { viewport: { width: 390, height: 800 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
  await phone.openChannel('Friday concert');
  await sleep(300);
  await shoot(phone, 'chat-phone.png', bob);
  await browser.close();
}
