// The chat page of `carillon dev` in a real browser, driven as a person would: by what is to be read on it.

import { chromium } from 'playwright-core';

// patience bounds every wait, in milliseconds. Only a test that fails ever waits so long.
export const patience = 60_000;

// open starts the browser that CHROMIUM names.
export function open() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    timeout: patience,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync',
    ],
  });
}

// Person is one user at one window. problems collects what the browser complains about.
export class Person {
  static async enter(browser, endpoint, name, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'UTC', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const person = new Person(page, name);
    page.on('pageerror', (error) => person.problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && person.problems.push(message.text()));
    await page.goto(`${endpoint}/?as=${name}`);
    await person.connected();
    return person;
  }

  constructor(page, name) {
    this.page = page;
    this.name = name;
    this.problems = [];
  }

  connected() {
    return this.page.locator('.status[data-state=connected]').waitFor({ state: 'attached' });
  }

  async createChannel(name, ...people) {
    await this.page.getByRole('button', { name: 'New channel' }).first().click();
    const dialog = this.page.getByRole('dialog', { name: 'New channel' });
    await dialog.getByLabel('Name').fill(name);
    for (const p of people) {
      await dialog.getByRole('checkbox', { name: p }).check();
    }
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.waitFor({ state: 'detached' }); // which takes the focus along
    await this.page.getByRole('heading', { name, exact: true }).waitFor();
  }

  async addPeople(...people) {
    await this.page.getByRole('button', { name: 'Add people' }).first().click();
    const dialog = this.page.getByRole('dialog');
    for (const p of people) {
      await dialog.getByRole('checkbox', { name: p }).check();
    }
    await dialog.getByRole('button', { name: /^Add \d/ }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  channel(name) {
    return this.page.getByRole('navigation').getByRole('link', { name });
  }

  async openChannel(name) {
    await this.channel(name).click();
    await this.page.getByRole('heading', { name, exact: true }).waitFor();
  }

  get composer() {
    return this.page.getByRole('textbox', { name: /^Message / });
  }

  async say(text) {
    await this.composer.fill(text);
    await this.composer.press('Enter');
    await this.message(text).and(this.page.locator('.sent')).waitFor();
  }

  // message is the row of a message that says this.
  message(text) {
    return this.page.locator('.message').filter({ hasText: text });
  }

  // line is a line about the channel, such as who joined.
  line(text) {
    return this.page.locator('.note').filter({ hasText: text });
  }

  get typing() {
    return this.page.locator('.typing');
  }

  // member is somebody in the list of members.
  member(name) {
    return this.page.getByRole('complementary', { name: 'Members' }).getByRole('listitem').filter({ hasText: name });
  }

  async edit(text, to) {
    await this.message(text).hover();
    await this.message(text).getByRole('button', { name: 'Edit' }).click();
    const field = this.page.getByRole('textbox', { name: 'Edit message' });
    await field.fill(to);
    await field.press('Enter');
  }

  async redact(text) {
    await this.message(text).hover();
    await this.message(text).getByRole('button', { name: 'Redact' }).click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Redact' }).click();
  }

  close() {
    return this.page.context().close();
  }
}
