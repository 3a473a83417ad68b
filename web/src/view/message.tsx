// One message, and what its sender may do with it.

import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Chat } from '../chat';
import type { Channel } from '../model/channel';
import type { Row } from '../model/timeline';
import { timeOf } from '../words';
import { Pencil, Redact } from './icons';
import { Avatar, Dialog, IconButton } from './parts';

interface Props {
  chat: Chat;
  channel: Channel;
  row: Row & { kind: 'message' };
  reachable: boolean; // by the Tab key
  reach: () => void;
  editing: boolean;
  edit: (on: boolean) => void;
}

export function MessageRow({ chat, channel, row, reachable, reach, editing, edit }: Props): JSX.Element {
  const { message, mine, first, last } = row;
  const [asking, ask] = useState(false);
  const changeable = mine && message.state === 'sent' && !message.redacted;
  const tabIndex = reachable ? 0 : -1;
  const keys = (e: KeyboardEvent): void => {
    if (e.target !== e.currentTarget || !changeable) {
      return;
    }
    if (e.key === 'Enter' || e.key === 'e') {
      e.preventDefault();
      edit(true);
    } else if (e.key === 'Delete') {
      ask(true);
    }
  };
  const classes = ['message', mine && 'mine', first && 'first', last && 'last', message.state].filter(Boolean).join(' ');
  return (
    <li class={classes} tabIndex={tabIndex} onKeyDown={keys} onFocus={reach}>
      {!mine && <span class="gutter">{last && <Avatar person={message.sender} />}</span>}
      <div class="body">
        {first && !mine && <span class="sender">{message.sender.name}</span>}
        {mine && <span class="hidden">You: </span>}
        {editing ? (
          <Editor content={message.content} close={() => edit(false)} save={(text) => void chat.edit(channel.arn, message, text)} />
        ) : (
          <div class={message.redacted ? 'bubble redacted' : 'bubble'}>
            {message.redacted ? 'Message redacted' : message.content}
            <span class="when">
              {message.edited && !message.redacted && 'edited '}
              {message.state === 'sending' ? 'sending …' : <time dateTime={new Date(message.created).toISOString()}>{timeOf(message.created)}</time>}
            </span>
          </div>
        )}
        {message.state === 'failed' && (
          <p class="failure">
            Not sent.{' '}
            <button type="button" class="link" onClick={() => chat.resend(channel.arn, message)}>Try again</button>{' '}
            <button type="button" class="link" onClick={() => chat.discard(channel.arn, message)}>Discard</button>
          </p>
        )}
      </div>
      {changeable && !editing && (
        <span class="actions">
          <IconButton label="Edit" tabIndex={tabIndex} onClick={() => edit(true)}><Pencil /></IconButton>
          <IconButton label="Redact" tabIndex={tabIndex} onClick={() => ask(true)}><Redact /></IconButton>
        </span>
      )}
      {asking && (
        <Dialog title="Redact this message?" close={() => ask(false)}>
          <p>What it says is gone for everybody, and for good. That there was a message stays.</p>
          <blockquote>{message.content}</blockquote>
          <footer>
            <button type="button" class="button" onClick={() => ask(false)}>Cancel</button>
            <button type="button" class="button danger" onClick={() => { ask(false); void chat.redact(channel.arn, message); }}>Redact</button>
          </footer>
        </Dialog>
      )}
    </li>
  );
}

interface EditorProps {
  content: string;
  save: (content: string) => void;
  close: () => void;
}

function Editor({ content, save, close }: EditorProps): JSX.Element {
  const [text, setText] = useState(content);
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(content.length, content.length);
  }, []);
  // The focus goes back to the message, not to the top of the page.
  const done = (): void => {
    area.current?.closest('li')?.focus();
    close();
  };
  const submit = (e: Event): void => {
    e.preventDefault();
    if (text.trim() !== '' && text !== content) {
      save(text);
    }
    done();
  };
  const keys = (e: KeyboardEvent): void => {
    if (e.key === 'Escape') {
      e.stopPropagation();
      done();
    } else if (isEnter(e)) {
      submit(e);
    }
  };
  return (
    <form class="editor" onSubmit={submit}>
      <textarea ref={area} aria-label="Edit message" rows={Math.min(8, text.split('\n').length)} value={text} onInput={(e) => setText(e.currentTarget.value)} onKeyDown={keys} />
      <div>
        <button type="button" class="link" onClick={done}>Cancel</button>
        <button type="submit" class="link">Save</button>
      </div>
    </form>
  );
}

// isEnter tells Enter from Enter with Shift, which breaks the line, and from the one that ends a word of
// an input method.
export function isEnter(e: KeyboardEvent): boolean {
  return e.key === 'Enter' && !e.shiftKey && !e.isComposing;
}
