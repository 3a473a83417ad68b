// A conversation as rows on the screen.

import { isUnread, type Channel, type Message, type Note } from './channel';

export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'note'; readonly key: string; readonly note: Note }
  | {
      readonly kind: 'message';
      readonly key: string;
      readonly message: Message;
      readonly mine: boolean;
      // Messages that one person sends in a row, within minutes, stand together.
      readonly first: boolean;
      readonly last: boolean;
    };

const together = 5 * 60_000;

// timeline lays out a channel for one of its members. Above the first message that was unread at
// readMarker stands a line that says so.
export function timeline(channel: Channel, me: string, readMarker: number): Row[] {
  const rows: Row[] = [];
  let day = '';
  let marked = false;
  let before: Message | undefined; // in the row above, if that is a message
  const startDay = (at: number): void => {
    const name = new Date(at).toDateString();
    if (name !== day) {
      day = name;
      before = undefined;
      rows.push({ kind: 'day', key: `day ${name}`, at });
    }
  };
  const addNote = (note: Note): void => {
    startDay(note.at);
    before = undefined;
    rows.push({ kind: 'note', key: note.id, note });
  };
  const addMessage = (message: Message): void => {
    startDay(message.created);
    if (!marked && isUnread(message, readMarker, me)) {
      marked = true;
      before = undefined;
      rows.push({ kind: 'new', key: 'new' });
    }
    const first = before === undefined || before.sender.arn !== message.sender.arn || message.created - before.created > together;
    const above = rows.at(-1);
    if (!first && above?.kind === 'message') {
      rows[rows.length - 1] = { ...above, last: false };
    }
    rows.push({ kind: 'message', key: message.id, message, mine: message.sender.arn === me, first, last: true });
    before = message;
  };

  const notes = [...channel.notes].sort((a, b) => a.at - b.at);
  for (const message of channel.messages) {
    while (notes[0] !== undefined && notes[0].at < message.created) {
      addNote(notes[0]);
      notes.shift();
    }
    addMessage(message);
  }
  notes.forEach(addNote);
  return rows;
}
