// The whole page: channels, the open conversation, its members.

import type { JSX } from 'preact';
import { useEffect, useReducer, useState } from 'preact/hooks';

import type { Chat } from '../chat';
import type { Demo } from '../demo';
import { Conversation } from './conversation';
import { Bell, Close } from './icons';
import { Members } from './members';
import { Notice } from './notice';
import { addressOf, IconButton } from './parts';
import { AddPeople, NewChannel } from './people';
import { Sidebar } from './sidebar';

const wide = matchMedia('(min-width: 760px)');
const wider = matchMedia('(min-width: 1080px)');

export function App({ chat, demo }: { chat: Chat; demo: Demo }): JSX.Element {
  const [dialog, show] = useState<'new' | 'add'>();
  const [members, showMembers] = useState(wider.matches);
  useChanges(chat);
  useAddress(chat);
  useTitle(chat);
  const channel = chat.channel(chat.selected);
  // Where members lie above the conversation, Escape uncovers it. A dialog has its own Escape.
  const uncover = (e: KeyboardEvent): void => {
    if (e.key === 'Escape' && !wider.matches && !(e.target instanceof Element && e.target.closest('dialog'))) {
      showMembers(false);
    }
  };
  return (
    <div class="app" onKeyDown={uncover} data-pane={channel === undefined ? 'channels' : 'conversation'}>
      <Sidebar chat={chat} create={() => show('new')} />
      {channel === undefined ? (
        <Welcome chat={chat} demo={demo} create={() => show('new')} />
      ) : (
        <Conversation key={channel.arn} chat={chat} channel={channel} add={() => show('add')} showsMembers={members} showMembers={showMembers} />
      )}
      {channel !== undefined && members && <Members chat={chat} channel={channel} add={() => show('add')} close={() => showMembers(false)} />}
      {dialog === 'new' && <NewChannel chat={chat} close={() => show(undefined)} open={(arn) => (location.hash = addressOf(arn))} />}
      {dialog === 'add' && channel !== undefined && <AddPeople chat={chat} channel={channel} close={() => show(undefined)} />}
      <div class="toasts" role="alert">
        {chat.toasts.map((t) => (
          <p key={t.id}>
            {t.text}
            <IconButton label="Dismiss" onClick={() => chat.dismiss(t.id)}><Close /></IconButton>
          </p>
        ))}
      </div>
      <p class="hidden" aria-live="polite">{chat.announcement}</p>
    </div>
  );
}

function Welcome({ chat, demo, create }: { chat: Chat; demo: Demo; create: () => void }): JSX.Element {
  const others = [...demo.users].filter(([, person]) => person.arn !== chat.me.arn);
  return (
    <main class="welcome">
      <Notice link={chat.link} reconnect={() => chat.reconnect()} />
      <span class="brand"><Bell /></span>
      <h2>Hello, {chat.me.name}</h2>
      <p>Make a channel, add somebody, and open a second window as them.</p>
      <p class="choices">
        <button type="button" class="button primary" onClick={create}>New channel</button>
        {others.map(([id, person]) => (
          <a key={id} class="button" href={`/?as=${id}`} target="_blank" rel="noreferrer">Window as {person.name}</a>
        ))}
      </p>
    </main>
  );
}

// useChanges draws the view again whenever the chat changes.
function useChanges(chat: Chat): void {
  const [, draw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => chat.subscribe(() => draw(undefined)), [chat]);
}

// useAddress opens the channel that the address names, so that the browser's back button works.
function useAddress(chat: Chat): void {
  useEffect(() => {
    const follow = (): void => {
      const channels = chat.list();
      const named = channels.find((c) => addressOf(c.arn) === location.hash);
      if (named === undefined && chat.ready && wide.matches && channels[0] !== undefined) {
        location.replace(addressOf(channels[0].arn));
      } else {
        chat.open(named?.arn);
      }
    };
    follow();
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  });
}

function useTitle(chat: Chat): void {
  const count = chat.unreadTotal();
  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ''}Carillon: ${chat.me.name}`;
  }, [chat, count]);
}
