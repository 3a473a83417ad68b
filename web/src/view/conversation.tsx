// The open channel: what was said, who is typing, and the field to say something.

import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Chat } from '../chat';
import type { Channel } from '../model/channel';
import { timeline, type Row } from '../model/timeline';
import { countOf, dayOf, timeOf, typingOf } from '../words';
import { AddPerson, Back, People, Send } from './icons';
import { isEnter, MessageRow } from './message';
import { Notice } from './notice';
import { ChannelMark, IconButton } from './parts';

interface Props {
  chat: Chat;
  channel: Channel;
  add: () => void;
  showsMembers: boolean;
  showMembers: (on: boolean) => void;
}

export function Conversation({ chat, channel, add, showsMembers, showMembers }: Props): JSX.Element {
  const [editing, edit] = useState<string>();
  const editLast = (): void => {
    const mine = channel.messages.findLast((m) => m.sender.arn === chat.me.arn && m.state === 'sent' && !m.redacted);
    edit(mine?.id);
  };
  return (
    <main class="conversation" aria-label={channel.name}>
      <header>
        <a class="icon-button back" href="#" aria-label="Channels"><Back /></a>
        <ChannelMark arn={channel.arn} name={channel.name} />
        <div class="title">
          <h2>{channel.name}</h2>
          <p>{countOf(channel.members.length, 'member', 'members')}</p>
        </div>
        <IconButton label="Add people" onClick={add}><AddPerson /></IconButton>
        <IconButton label="Members" pressed={showsMembers} onClick={() => showMembers(!showsMembers)}><People /></IconButton>
      </header>
      <Notice link={chat.link} reconnect={() => chat.reconnect()} />
      <Log chat={chat} channel={channel} editing={editing} edit={edit} />
      <Typing names={chat.typistsIn(channel.arn).map((t) => t.name)} />
      <Composer chat={chat} channel={channel} editLast={editLast} />
    </main>
  );
}

interface LogProps {
  chat: Chat;
  channel: Channel;
  editing: string | undefined;
  edit: (id: string | undefined) => void;
}

function Log({ chat, channel, editing, edit }: LogProps): JSX.Element {
  const rows = timeline(channel, chat.me.arn, chat.unreadSince);
  const list = useScroll(rows);
  const [reached, reach] = useState<string>();
  const loading = useRef(false);
  const messages = rows.filter((r) => r.kind === 'message');
  const reachable = messages.some((r) => r.key === reached) ? reached : messages.at(-1)?.key;
  const older = async (): Promise<void> => {
    if (!loading.current) {
      loading.current = true;
      await chat.loadOlder(channel.arn);
      loading.current = false;
    }
  };
  return (
    // What arrives is read out by the page, with its sender, whichever channel is open.
    <div class="log" ref={list} role="log" aria-live="off" aria-label="Messages">
      <ul onKeyDown={moveFocus}>
        {!channel.complete && channel.messages.length > 0 && (
          <li class="older"><button type="button" class="link" onClick={() => void older()}>Earlier messages</button></li>
        )}
        {rows.length === 0 && channel.loaded && <li class="nothing">Nothing has been said here yet. Say hello!</li>}
        {rows.map((row) => {
          switch (row.kind) {
            case 'day':
              return <li key={row.key} class="day"><span>{dayOf(row.at)}</span></li>;
            case 'new':
              return <li key={row.key} class="new"><span>New</span></li>;
            case 'note':
              return <li key={row.key} class="note">{row.note.text} <time>{timeOf(row.note.at)}</time></li>;
            case 'message':
              return (
                <MessageRow
                  key={row.key} chat={chat} channel={channel} row={row} reachable={row.key === reachable} reach={() => reach(row.key)}
                  editing={editing === row.key} edit={(on) => edit(on ? row.key : undefined)}
                />
              );
          }
        })}
      </ul>
    </div>
  );
}

// useScroll keeps a list where it is read: at its end if that was in sight, else at the same row.
function useScroll(rows: readonly Row[]): { current: HTMLDivElement | null } {
  const list = useRef<HTMLDivElement>(null);
  const before = useRef({ first: '', height: 0, atEnd: true });
  const first = rows.find((r) => r.kind === 'message')?.key ?? '';
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) {
      return;
    }
    if (before.current.atEnd) {
      element.scrollTop = element.scrollHeight;
    } else if (before.current.first !== first) {
      element.scrollTop += element.scrollHeight - before.current.height;
    }
    before.current = { ...before.current, first, height: element.scrollHeight };
  });
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) {
      return undefined;
    }
    const watch = (): void => {
      before.current.atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 60;
    };
    // The list gets smaller when the keyboard of a phone comes up.
    const resized = new ResizeObserver(() => {
      if (before.current.atEnd) {
        element.scrollTop = element.scrollHeight;
      }
    });
    element.addEventListener('scroll', watch, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener('scroll', watch);
      resized.disconnect();
    };
  }, []);
  return list;
}

// moveFocus goes from message to message with the arrow keys.
function moveFocus(e: KeyboardEvent): void {
  const messages = [...(e.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.message')];
  const at = messages.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: messages.length - 1 }[e.key];
  if (at >= 0 && to !== undefined) {
    e.preventDefault();
    messages[to]?.focus();
  }
}

function Typing({ names }: { names: readonly string[] }): JSX.Element {
  return (
    <p class="typing" role="status">
      {names.length > 0 && (
        <>
          <span class="dots" aria-hidden="true"><i /><i /><i /></span>
          {typingOf(names)}
        </>
      )}
    </p>
  );
}

function Composer({ chat, channel, editLast }: { chat: Chat; channel: Channel; editLast: () => void }): JSX.Element {
  const [text, setText] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    // On a phone, opening a channel must not bring the keyboard up.
    if (matchMedia('(hover: hover)').matches) {
      area.current?.focus();
    }
  }, []);
  const submit = (e: Event): void => {
    e.preventDefault();
    if (text.trim() !== '') {
      chat.send(channel.arn, text);
      setText('');
    }
    area.current?.focus();
  };
  const keys = (e: KeyboardEvent): void => {
    if (isEnter(e)) {
      submit(e);
    } else if (e.key === 'ArrowUp' && text === '') {
      e.preventDefault();
      editLast();
    } else if (e.key === 'Escape') {
      document.querySelector<HTMLElement>('.channels [aria-current]')?.focus();
    }
  };
  const typed = (value: string): void => {
    setText(value);
    if (value.trim() !== '') {
      chat.typed(channel.arn);
    }
  };
  return (
    <form class="composer" onSubmit={submit}>
      <textarea
        ref={area} rows={1} value={text} placeholder={`Message ${channel.name}`} aria-label={`Message ${channel.name}`}
        onInput={(e) => typed(e.currentTarget.value)} onKeyDown={keys}
      />
      <button type="submit" class="send" aria-label="Send" title="Send" disabled={text.trim() === ''}><Send /></button>
    </form>
  );
}
