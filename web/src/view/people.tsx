// Choosing people, and the dialogs that do so.

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import type { Chat } from '../chat';
import type { Channel, Person } from '../model/channel';
import { countOf } from '../words';
import { Avatar, Dialog } from './parts';

interface ChooserProps {
  people: readonly Person[] | undefined; // undefined while they are looked up
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
}

function Chooser({ people, chosen, choose }: ChooserProps): JSX.Element {
  if (people === undefined) {
    return <p class="hint">Looking people up …</p>;
  }
  if (people.length === 0) {
    return <p class="hint">Everybody is here already.</p>;
  }
  const toggle = (arn: string): void => {
    const next = new Set(chosen);
    if (!next.delete(arn)) {
      next.add(arn);
    }
    choose(next);
  };
  const everybody = chosen.size === people.length;
  return (
    <fieldset class="chooser">
      <legend>People</legend>
      <button type="button" class="link" onClick={() => choose(new Set(everybody ? [] : people.map((p) => p.arn)))}>
        {everybody ? 'Nobody' : 'Everybody'}
      </button>
      <ul>
        {people.map((p) => (
          <li key={p.arn}>
            <label>
              <input type="checkbox" checked={chosen.has(p.arn)} onChange={() => toggle(p.arn)} />
              <Avatar person={p} />
              <span>{p.name}</span>
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

// usePeople looks up everybody but those who are left out.
function usePeople(chat: Chat, without: readonly string[]): readonly Person[] | undefined {
  const [people, setPeople] = useState<readonly Person[]>();
  useEffect(() => {
    void chat.attempt(() => chat.api.people()).then((found) => setPeople(found ?? []));
  }, [chat]);
  return people?.filter((p) => !without.includes(p.arn)).sort((a, b) => a.name.localeCompare(b.name));
}

// useBusy keeps a dialog from doing its work twice.
function useBusy(): [boolean, (work: Promise<unknown>) => void] {
  const [busy, setBusy] = useState(false);
  return [
    busy,
    (work) => {
      setBusy(true);
      void work.finally(() => setBusy(false));
    },
  ];
}

export function NewChannel({ chat, close, open }: { chat: Chat; close: () => void; open: (arn: string) => void }): JSX.Element {
  const [name, setName] = useState('');
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [busy, work] = useBusy();
  const people = usePeople(chat, [chat.me.arn]);
  const create = async (): Promise<void> => {
    const arn = await chat.createChannel(name.trim(), (people ?? []).filter((p) => chosen.has(p.arn)));
    if (arn !== undefined) {
      close();
      open(arn);
    }
  };
  const submit = (e: Event): void => {
    e.preventDefault();
    work(create());
  };
  return (
    <Dialog title="New channel" close={close}>
      <form onSubmit={submit}>
        <label class="field">
          <span>Name</span>
          <input type="text" value={name} required maxLength={256} autocomplete="off" placeholder="Plans for Friday" onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <Chooser people={people} chosen={chosen} choose={choose} />
        <footer>
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary" disabled={busy || name.trim() === ''}>Create</button>
        </footer>
      </form>
    </Dialog>
  );
}

export function AddPeople({ chat, channel, close }: { chat: Chat; channel: Channel; close: () => void }): JSX.Element {
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [busy, work] = useBusy();
  const people = usePeople(chat, channel.members.map((m) => m.arn));
  const submit = (e: Event): void => {
    e.preventDefault();
    work(chat.addMembers(channel.arn, (people ?? []).filter((p) => chosen.has(p.arn))).then(close));
  };
  return (
    <Dialog title={`Add people to ${channel.name}`} close={close}>
      <form onSubmit={submit}>
        <Chooser people={people} chosen={chosen} choose={choose} />
        <footer>
          <button type="button" class="button" onClick={close}>Cancel</button>
          <button type="submit" class="button primary" disabled={busy || chosen.size === 0}>
            {chosen.size === 0 ? 'Add' : `Add ${countOf(chosen.size, 'person', 'people')}`}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
