// Who are you? And what to say when that cannot be asked.

import type { JSX } from 'preact';

import type { Demo } from '../demo';
import { Bell } from './icons';
import { Avatar } from './parts';

export function Picker({ demo }: { demo: Demo }): JSX.Element {
  return (
    <main class="picker">
      <span class="brand"><Bell /></span>
      <h1>Who are you?</h1>
      <p>Each window is one user. Open two, and let them talk.</p>
      <ul>
        {[...demo.users].map(([id, person]) => (
          <li key={id}>
            <a href={`/?as=${encodeURIComponent(id)}`}>
              <Avatar person={person} />
              <strong>{person.name}</strong>
            </a>
            <a class="link" href={`/?as=${encodeURIComponent(id)}`} target="_blank" rel="noreferrer" aria-label={`${person.name} in a new window`}>new window</a>
          </li>
        ))}
      </ul>
    </main>
  );
}

export function Trouble({ text }: { text: string }): JSX.Element {
  return (
    <main class="picker">
      <span class="brand"><Bell /></span>
      <h1>This does not work yet</h1>
      <p role="alert">{text}</p>
    </main>
  );
}
