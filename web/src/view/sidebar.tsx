// The channels of the user, and how the session is doing.

import type { JSX } from 'preact';

import type { Chat } from '../chat';
import { unread, type Channel } from '../model/channel';
import type { Link } from '../session';
import { shortTimeOf, typingOf } from '../words';
import { Bell, Plus, Switch } from './icons';
import { addressOf, Avatar, ChannelMark, IconButton } from './parts';

export function Sidebar({ chat, create }: { chat: Chat; create: () => void }): JSX.Element {
  const channels = chat.list();
  return (
    <nav class="sidebar" aria-label="Channels">
      <header>
        <span class="brand"><Bell /></span>
        <h1>Carillon</h1>
        <IconButton label="New channel" onClick={create}><Plus /></IconButton>
      </header>
      <ul class="channels" onKeyDown={moveFocus}>
        {channels.map((c, i) => (
          <Item key={c.arn} chat={chat} channel={c} reachable={chat.selected === undefined ? i === 0 : c.arn === chat.selected} />
        ))}
      </ul>
      {chat.ready && channels.length === 0 && (
        <div class="empty">
          <p>You are in no channel yet.</p>
          <button type="button" class="button primary" onClick={create}>New channel</button>
        </div>
      )}
      <footer>
        <Avatar person={chat.me} />
        <div>
          <strong>{chat.me.name}</strong>
          <Status link={chat.link} reconnect={() => chat.reconnect()} />
        </div>
        <a class="icon-button" href="/" aria-label="Switch user" title="Switch user"><Switch /></a>
      </footer>
    </nav>
  );
}

function Item({ chat, channel, reachable }: { chat: Chat; channel: Channel; reachable: boolean }): JSX.Element {
  const selected = channel.arn === chat.selected;
  const { count, more } = unread(channel, chat.me.arn);
  const typists = chat.typistsIn(channel.arn);
  const last = channel.messages.at(-1);
  const who = last?.sender.arn === chat.me.arn ? 'You' : last?.sender.name;
  const badge = `${count}${more ? '+' : ''}`;
  const preview = last === undefined ? (channel.loaded ? 'No messages yet' : '') : last.redacted ? 'Message redacted' : `${who}: ${last.content}`;
  return (
    <li>
      <a href={addressOf(channel.arn)} class={count > 0 ? 'unread' : ''} aria-current={selected ? 'page' : undefined} tabIndex={reachable ? 0 : -1}>
        <ChannelMark arn={channel.arn} name={channel.name} />
        <span class="name">{channel.name}</span>
        <time>{last === undefined ? '' : shortTimeOf(last.created)}</time>
        <span class="preview">
          {typists.length > 0 ? <em>{typingOf(typists.map((t) => t.name))} …</em> : preview}
        </span>
        {count > 0 && (
          <span class="badge">
            {badge}
            <span class="hidden"> unread</span>
          </span>
        )}
      </a>
    </li>
  );
}

// moveFocus goes through the list with the arrow keys.
function moveFocus(e: KeyboardEvent): void {
  const links = [...(e.currentTarget as HTMLElement).querySelectorAll('a')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[e.key];
  if (to !== undefined) {
    e.preventDefault();
    links[to]?.focus();
  }
}

function Status({ link, reconnect }: { link: Link; reconnect: () => void }): JSX.Element {
  return (
    <span class="status" data-state={link.state} role="status">
      <span class="dot" aria-hidden="true" />
      <span class="words" title={statusOf(link)}>{statusOf(link)}</span>
      {link.state === 'stopped' && <button type="button" class="link" onClick={reconnect}>Connect</button>}
    </span>
  );
}

export function statusOf(link: Link): string {
  switch (link.state) {
    case 'connecting':
      return 'Connecting …';
    case 'connected':
      return `Connected over ${link.over}://`;
    case 'reconnecting':
      return `Reconnecting: ${link.reason}`;
    case 'untrusted':
      return 'Certificate not trusted';
    case 'stopped':
      return `Stopped: ${link.reason}`;
  }
}
