// Small parts that several views are made of.

import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Person } from '../model/channel';
import { idOf } from '../model/wire';
import { Close } from './icons';

// addressOf is where a channel is on the page.
export function addressOf(channel: string): string {
  return `#${encodeURIComponent(idOf(channel))}`;
}

// hueOf gives each name a color of its own, always the same.
function hueOf(name: string): number {
  let hash = 7;
  for (const c of name) {
    hash = (hash * 31 + (c.codePointAt(0) ?? 0)) % 997;
  }
  return (hash * 47) % 360;
}

function initialOf(name: string): string {
  const [first = '?'] = name.trim();
  return first.toUpperCase();
}

export function Avatar({ person }: { person: Person }): JSX.Element {
  return (
    <span class="avatar" aria-hidden="true" style={{ '--hue': hueOf(idOf(person.arn)) }}>
      {initialOf(person.name)}
    </span>
  );
}

export function ChannelMark({ arn, name }: { arn: string; name: string }): JSX.Element {
  return (
    <span class="avatar square" aria-hidden="true" style={{ '--hue': hueOf(idOf(arn)) }}>
      {initialOf(name)}
    </span>
  );
}

interface IconButtonProps {
  label: string;
  onClick: () => void;
  children: ComponentChildren;
  pressed?: boolean;
  tabIndex?: number;
}

export function IconButton({ label, onClick, children, pressed, tabIndex }: IconButtonProps): JSX.Element {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} aria-pressed={pressed} tabIndex={tabIndex} onClick={onClick}>
      {children}
    </button>
  );
}

// Dialog is modal: it keeps the focus, and Escape or a click beside it closes it.
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={close} onClick={(e) => e.target === dialog.current && close()}>
      <header>
        <h2>{title}</h2>
        <IconButton label="Close" onClick={close}><Close /></IconButton>
      </header>
      {children}
    </dialog>
  );
}
