// Who is in the open channel.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

import type { Chat } from '../chat';
import type { Channel } from '../model/channel';
import { AddPerson, Close } from './icons';
import { Avatar, Dialog, IconButton } from './parts';

export function Members({ chat, channel, add, close }: { chat: Chat; channel: Channel; add: () => void; close: () => void }): JSX.Element {
  const [asking, ask] = useState(false);
  return (
    <aside class="members" aria-label="Members">
      <header>
        <h2>Members</h2>
        <IconButton label="Close" onClick={close}><Close /></IconButton>
      </header>
      <ul>
        {channel.members.map((m) => (
          <li key={m.arn}>
            <Avatar person={m} />
            <span>{m.name}{m.arn === chat.me.arn && <small> you</small>}</span>
          </li>
        ))}
      </ul>
      <footer>
        <button type="button" class="button" onClick={add}><AddPerson /> Add people</button>
        <button type="button" class="button quiet" onClick={() => ask(true)}>Leave channel</button>
      </footer>
      {asking && (
        <Dialog title={`Leave ${channel.name}?`} close={() => ask(false)}>
          <p>Somebody who stays has to add you again.</p>
          <footer>
            <button type="button" class="button" onClick={() => ask(false)}>Stay</button>
            <button type="button" class="button danger" onClick={() => { ask(false); void chat.leave(channel.arn); }}>Leave</button>
          </footer>
        </Dialog>
      )}
    </aside>
  );
}
